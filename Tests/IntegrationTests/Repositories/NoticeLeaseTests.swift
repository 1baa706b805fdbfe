import Contrato
import Fixtures
import FluxoDeCaixa
import Postgres
import ServiceRuntime
import TestSupport
import Testing

@testable import Consolidado

@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(5)))
struct NoticeLeaseTests {
    private static func entry(_ number: Int, conta: String, data: String = "2026-11-24") -> LancamentoAplicavel {
        TestEntry.aplicavel(UInt64(number), conta: conta, data: data)
    }

    private static func ids(_ notices: [Notice]) -> [String] { notices.map(\.noticia.id) }

    private func withLease<Value: Sendable>(
        lockTimeout: Duration? = nil,
        _ body: @Sendable @escaping (any NoticeLease, Saldos, PostgresClient) async throws -> Value
    ) async throws -> Value {
        try await withSchema(ConsolidadoMigrations.migrations) { client, configuration in
            var leasing = configuration
            if let lockTimeout { leasing.lockTimeout = lockTimeout }
            let lease = try #require(try await PostgresNoticeLease.source(leasing).acquire())
            let other = PostgresNoticeLease.source(configuration)
            #expect(try await other.acquire() == nil)
            let value = try await body(lease.access, Saldos(client), client)
            await lease.release()
            // The server frees the lock when it has read the end of the session, a moment after the client has sent it.
            #expect(try await eventually { try await other.acquire() != nil }, "a lease that was let go can be had again")
            return value
        }
    }

    @Test func `a changed day is due with what it holds now, until that is confirmed`() async throws {
        try await self.withLease { lease, saldos, _ in
            try await saldos.apply([Self.entry(1, conta: "a"), Self.entry(2, conta: "b"), Self.entry(3, conta: "a", data: "2026-11-20")])
            try await saldos.apply([Self.entry(4, conta: "a")])
            // What was applied before changes nothing.
            try await saldos.apply([Self.entry(2, conta: "b")])
            let notices = try await lease.due(after: nil, limit: 10)
            #expect(Self.ids(notices) == ["a/2026-11-20/2", "a/2026-11-24/2", "b/2026-11-24/1"])
            #expect(notices.map(\.noticia.movimento.totalCreditos.description) == ["1.00", "2.00", "1.00"])
            #expect(notices.map(\.dueVersao) == [1, 2, 1])
            #expect(try await Self.ids(lease.due(after: notices[0].chave, limit: 1)) == ["a/2026-11-24/2"])
            // A day that changes before its confirm stays due.
            try await saldos.apply([Self.entry(5, conta: "b")])
            try await lease.confirmed(notices)
            #expect(try await Self.ids(lease.due(after: nil, limit: 10)) == ["b/2026-11-24/2"])
            // A repeated batch is no change.
            try await saldos.apply([Self.entry(1, conta: "a"), Self.entry(4, conta: "a")])
            #expect(try await lease.due(after: nil, limit: 10).count == 1)
        }
    }

    @Test func `what was refused is put off, unless it changes`() async throws {
        try await self.withLease { lease, saldos, client in
            try await saldos.apply([Self.entry(1, conta: "a"), Self.entry(2, conta: "b")])
            try await lease.postpone(try await lease.due(after: nil, limit: 10))
            // Longer than half a second, so that a slow machine does not see it over.
            try await client.query("update atualizacoes set nao_antes = nao_antes + interval '1 hour'")
            #expect(try await lease.due(after: nil, limit: 10).isEmpty)
            try await saldos.apply([Self.entry(3, conta: "b")])
            #expect(try await Self.ids(lease.due(after: nil, limit: 10)) == ["b/2026-11-24/2"])
            // As if the time had passed.
            try await client.query("update atualizacoes set nao_antes = clock_timestamp() - interval '1 second' where conta = 'a'")
            #expect(try await Self.ids(lease.due(after: nil, limit: 10)) == ["a/2026-11-24/1", "b/2026-11-24/2"])
            for _ in 0..<20 {
                try await client.query("update atualizacoes set nao_antes = null")
                try await lease.postpone(try await lease.due(after: nil, limit: 10))
            }
            let row = try await client.query("select max(extract(epoch from nao_antes - clock_timestamp()))::bigint from atualizacoes")
                .first
            #expect(try #require(row).decode(0, as: Int64.self) == 60)
        }
    }

    /// A session that waits for a batch's rows while it locks others can deadlock with it.
    @Test func `rows that a batch is changing are waited for by nobody`() async throws {
        try await self.withLease(lockTimeout: .milliseconds(500)) { lease, saldos, client in
            try await saldos.apply([Self.entry(1, conta: "a"), Self.entry(2, conta: "b"), Self.entry(3, conta: "c")])
            let notices = try await lease.due(after: nil, limit: 10)
            try await client.withConnection { batch throws(PostgresError) in
                try await batch.query("begin")
                try await batch.query("select from atualizacoes where conta = 'b' for update")
                await #expect(throws: Never.self, "neither should wait for b") {
                    try await lease.postpone(Array(notices.dropLast()))
                    try await lease.confirmed(Array(notices.dropFirst()))
                }
                try await batch.query("rollback")
            }
            // Longer than half a second, so that a slow machine does not see it over.
            try await client.query("update atualizacoes set nao_antes = nao_antes + interval '1 hour'")
            #expect(
                try await Self.ids(lease.due(after: nil, limit: 10)) == ["b/2026-11-24/1"], "a was put off, c is gone, b is due as before")
        }
    }

    @Test func `batches and the sender neither deadlock nor lose a change`() async throws {
        try await self.withLease { lease, saldos, client in
            let entries = (0..<1500).map { Self.entry($0, conta: "loja\($0 % 15)", data: "2026-11-\(10 + $0 % 7)") }
            let newest = try await withThrowingTaskGroup(of: Void.self) { group in
                for start in stride(from: 0, to: entries.count, by: 50) {
                    group.addTask { try await saldos.apply(Array(entries[start..<start + 50])) }
                }
                // The newest version sent of each day.
                var sent: [ChaveDeSaldo: (versao: Int64, creditos: Quantia)] = [:]
                func send() async throws {
                    let notices = try await lease.due(after: nil, limit: 100)
                    for notice in notices where sent[notice.chave]?.versao ?? 0 <= notice.noticia.versao {
                        sent[notice.chave] = (notice.noticia.versao, notice.noticia.movimento.totalCreditos)
                    }
                    try await lease.confirmed(notices)
                }
                for _ in 0..<50 { try await send() }
                try await group.waitForAll()
                while try await !lease.due(after: nil, limit: 1).isEmpty { try await send() }
                return sent
            }
            let days = Dictionary(grouping: entries) { ChaveDeSaldo(conta: $0.conta, data: $0.data) }
            #expect(newest.count == days.count)
            for (chave, entries) in days { #expect(newest[chave]?.creditos == Quantia(centavos: Int128(100 * entries.count))) }
            let deadlocks = try await client.query("select deadlocks from pg_stat_database where datname = current_database()")
            #expect(try deadlocks.first?.decode(0, as: Int64.self) == 0)
        }
    }

    /// Plans are made while nothing is due, and kept.
    @Test(arguments: [false, true])
    func `what is due is looked up, and no table is read through`(isVacuumed: Bool) async throws {
        try await withSchema(ConsolidadoMigrations.migrations) { client, configuration in
            if isVacuumed { try await client.query("vacuum analyze atualizacoes") }
            let held = try #require(try await PostgresNoticeLease.source(configuration).acquire())
            let lease = held.access
            // The sixth run of a prepared statement is the first that may have a plan for all parameters.
            for _ in 0..<8 {
                let none = try await lease.due(after: nil, limit: 500)
                #expect(none.isEmpty)
                try await lease.confirmed(none)
                try await lease.postpone(none)
            }
            let saldos = Saldos(client)
            for first in stride(from: 1, to: 4000, by: 500) {
                try await saldos.apply((first..<first + 500).map { Self.entry($0, conta: "loja\($0)") })
            }
            // Queues refuse the first half and take the second.
            var after: ChaveDeSaldo?
            for _ in 0..<4 {
                let refused = try await lease.due(after: after, limit: 500)
                try await lease.postpone(refused)
                after = refused.last?.chave
            }
            for _ in 0..<4 {
                let notices = try await lease.due(after: after, limit: 500)
                #expect(notices.count == 500)
                try await lease.confirmed(notices)
            }
            #expect(try await lease.due(after: after, limit: 1).isEmpty, "what was confirmed is gone")
            await held.release()
            // The pool's sessions read these tables too, all by key.
            let (lookedUp, readThrough) = try await rowsRead(of: "atualizacoes", atLeast: 8000, client)
            #expect((8000..<24_000).contains(lookedUp), "4000 days are looked up twice or three times each, \(lookedUp) rows were")
            #expect(readThrough == 0, "rows read without a key")
            for table in ["contas", "saldos_diarios"] {
                let readThrough = try await rowsRead(of: table, atLeast: 4000, client).readThrough
                #expect(readThrough == 0, "rows of \(table) read without a key")
            }
        }
    }
}
