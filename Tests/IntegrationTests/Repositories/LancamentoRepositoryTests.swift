import Fixtures
import FluxoDeCaixa
import Logging
import Postgres
import RepositoryContracts
import SeededRandom
import ServiceRuntime
import Storage
import TestSupport
import Testing

@testable import Lancamentos

@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(5)))
struct LancamentoRepositoryTests {
    private func withRepository<Value: Sendable>(
        _ body: @Sendable @escaping (PostgresLancamentoRepository, PostgresClient, PostgresConfiguration) async throws -> Value
    ) async throws -> Value {
        try await withSchema(LancamentosMigrations.migrations) { client, configuration in
            try await body(
                PostgresLancamentoRepository(client: client, reads: client, logger: Logger(label: "tests")), client, configuration)
        }
    }

    private static func registro(_ number: UInt64, chave: String? = nil, conteudo: [UInt8] = [1], conta: String = "loja")
        -> Registration
    {
        let lancamento = Lancamento(
            id: TestEntry.id(number), conta: Conta(conta)!, tipo: .debito,
            valor: Valor(centavos: Int64(number))!, data: Dia(parsing: "2026-11-24")!, natureza: .ajuste, descricao: "açaí 🍇",
            categoria: "c", referencia: "r", metadados: Metadados([.init(nome: "b", valor: "\"\\\n"), .init(nome: "a", valor: "")])!,
            registradoPor: "teste", canal: .rest, chave: chave.map { Chave(literal: $0)! }
        )
        return Registration(lancamento: lancamento, conteudo: chave == nil ? nil : conteudo, traceparent: "00-1-2-00")
    }

    @Test(arguments: LancamentoRepositoryContract.cases)
    func `the repository keeps the contract that the fake keeps`(_ contract: ContractCase<any LancamentoRepository>) async throws {
        try await self.withRepository { repository, _, _ in try await contract.check(repository) }
    }

    @Test func `an entry is read back as it was stored, with its outbox record`() async throws {
        try await self.withRepository { repository, client, _ in
            let registro = Self.registro(1, chave: "k")
            let inserted = try await repository.register([registro])
            #expect(Array(inserted.keys) == [registro.lancamento.id])
            #expect(try await repository.find(registro.lancamento.id) == registro.lancamento)
            #expect(try await repository.find(Self.registro(2).lancamento.id) == nil)
            let outbox = try await client.query("select seq, id, traceparent from outbox")
            #expect(outbox.count == 1)
            #expect(try outbox[0].decode(0, as: Int64.self) == inserted[registro.lancamento.id])
            #expect(try outbox[0].decode(2) == "00-1-2-00")
        }
    }

    @Test func `a key, an id or a reversal seen before stores nothing and is settled`() async throws {
        try await self.withRepository { repository, client, _ in
            let first = Self.registro(1, chave: "k")
            _ = try await repository.register([first])
            let sameKey = Self.registro(2, chave: "k", conteudo: [2])
            let otherAccount = Self.registro(3, chave: "k", conta: "outra")
            #expect(try await repository.register([sameKey, otherAccount, first]).keys.sorted() == [otherAccount.lancamento.id])
            let settled = try await repository.settle([sameKey, first, Self.registro(9)])
            #expect(settled == [Registration(lancamento: first.lancamento, conteudo: [1]), settled[0], nil])
            #expect(try await client.query("select 1 from outbox").count == 2)
        }
    }

    /// Defect: readiness kept the session, so an instance that received no writes never left a server that had become read-only.
    @Test func `a session that became read-only is left by the look that finds it so`() async throws {
        try await withSchema(LancamentosMigrations.migrations, connections: 1) { client, _ in
            let repository = PostgresLancamentoRepository(client: client, reads: client, logger: Logger(label: "tests"))
            #expect(try await repository.refusalOfWrites() == nil)
            try await client.query("set default_transaction_read_only = on")
            let error = await #expect(throws: PostgresError.self) { try await repository.refusalOfWrites() }
            #expect(error?.isReadOnlyServer == true)
            #expect(try await repository.refusalOfWrites() == nil)
        }
    }

    @Test func `an open transaction that writes entries is waited for, and no other`() async throws {
        try await self.withRepository { repository, client, configuration in
            #expect(try await repository.openWritesEnd(within: .seconds(20), until: .now + .seconds(30)))
            let other = try await PostgresConnection.connect(configuration)
            // Transactions with an id that write something else, and one that only reads entries.
            try await client.withTransaction { writer throws(PostgresError) in
                try await writer.query("insert into outbox (id) values (gen_random_uuid())")
                try await other.withTransaction { reader throws(PostgresError) in
                    try await reader.query("select from lancamentos")
                    #expect((try? await repository.openWritesEnd(within: .seconds(20), until: .now + .seconds(30))) == true)
                }
                try await other.withTransaction { writer throws(PostgresError) in
                    try await writer.query(
                        """
                        insert into lancamentos (id, conta, tipo, valor, data, natureza, canal)
                        values (gen_random_uuid(), 'a', 'credito', 1, '2026-01-01', 'operacional', 'rest')
                        """)
                    #expect((try? await repository.openWritesEnd(within: .milliseconds(200), until: .now + .seconds(30))) == false)
                }
                #expect((try? await repository.openWritesEnd(within: .seconds(20), until: .now + .seconds(30))) == true)
            }
            await other.close()
        }
    }

    /// Look-ups of ids that do not exist must cost the database nothing that stays.
    @Test func `looking for open transactions assigns no transaction id`() async throws {
        try await self.withRepository { repository, client, _ in
            func nextID() async throws -> Int64 {
                try await client.query("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint").first!.decode(0)
            }
            // Other tests use the same server: a repetition shows whether it was they.
            let isFree = try await eventually {
                let before = try await nextID()
                for _ in 0..<20 { _ = try await repository.openWritesEnd(within: .seconds(5), until: .now + .seconds(30)) }
                return try await nextID() - before < 20
            }
            #expect(isFree)
        }
    }

    @Test func `concurrent batches over the same keys neither deadlock nor register twice`() async throws {
        try await self.withRepository { repository, client, _ in
            var random = SeededGenerator(seed: 3)
            var limits = WriteBatcher.Limits(queueMax: 10_000, batchRowsMax: 50, workers: 6, answerMax: .seconds(90))
            limits.queueWaitMax = .seconds(60)
            let batcher = WriteBatcher(
                repository: repository, limits: limits,
                logger: Logger(label: "tests"), handOff: { _ in }
            )
            // 60 keys, each asked for 20 times in random order.
            let registros = (0..<1200).map { Self.registro(UInt64($0 + 1), chave: "k\($0 % 60)", conteudo: [1]) }.shuffled(using: &random)
            let created = try await withThrowingTaskGroup(of: Bool.self) { group in
                let running = Task { await batcher.run() }
                for registro in registros {
                    group.addTask {
                        if case .criado = try await batcher.register(registro) { true } else { false }
                    }
                }
                let created = try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                batcher.close()
                await running.value
                return created
            }
            #expect(created == 60)
            #expect(try await client.query("select 1 from lancamentos").count == 60)
            #expect(try await client.query("select 1 from outbox").count == 60)
            let deadlocks = try await client.query("select deadlocks from pg_stat_database where datname = current_database()")
            #expect(try deadlocks.first?.decode(0, as: Int64.self) == 0)
        }
    }

    @Test func `batches that bring the same new keys in different orders do not deadlock`() async throws {
        try await self.withRepository { repository, client, _ in
            var random = SeededGenerator(seed: 5)
            for round in 0..<15 {
                let batches = (0..<6).map { batch in
                    (0..<200).map { Self.registro(UInt64(round * 10_000 + batch * 1000 + $0 + 1), chave: "r\(round)-\($0)") }
                        .shuffled(using: &random)
                }
                // A deadlock is an error of one of the batches.
                let stored = try await withThrowingTaskGroup(of: Int.self) { group in
                    for batch in batches { group.addTask { try await repository.register(batch).count } }
                    return try await group.reduce(0, +)
                }
                #expect(stored == 200)
            }
            let deadlocks = try await client.query("select deadlocks from pg_stat_database where datname = current_database()")
            #expect(try deadlocks.first?.decode(0, as: Int64.self) == 0)
        }
    }

    @Test func `the outbox is claimed by one session at a time, in order, above the cursor`() async throws {
        try await self.withRepository { repository, client, configuration in
            let inserted = try await repository.register((1...5).map { Self.registro($0) })
            let held = try #require(try await PostgresOutboxLease.source(configuration, logger: Logger(label: "tests")).acquire())
            let lease = held.access
            let other = PostgresOutboxLease.source(configuration, logger: Logger(label: "tests"))
            for _ in 0..<2 { #expect(try await other.acquire() == nil) }
            let young = try await lease.claim(above: 0, minimumAge: .seconds(60), limit: 10)
            #expect(young == OutboxClaim(events: [], lastSeq: nil))
            let seqs = inserted.values.sorted()
            let claim = try await lease.claim(above: seqs[0], minimumAge: .zero, limit: 3)
            #expect(claim.lastSeq == seqs[3])
            let events = claim.events
            #expect(events.compactMap(\.seq) == Array(seqs[1...3]))
            #expect(events[0].traceparent == "00-1-2-00")
            #expect(inserted.keys.contains(events[0].lancamento.id))
            try await client.query("update lancamentos set canal = 'futuro' where id = \(events[0].lancamento.id)")
            let partly = try await lease.claim(above: 0, minimumAge: .zero, limit: 10)
            #expect(partly.events.count == 4 && partly.lastSeq == seqs[4])
            await held.release()
            // The server frees the lock when it has read the end of the session, a moment after the client has sent it.
            #expect(try await eventually { try await other.acquire() != nil }, "a lease that was let go can be had again")
            let outbox = PostgresOutboxRepository(client: client)
            try await outbox.delete([seqs[0], seqs[1], 999_999])
            #expect(try await outbox.backlog(countedMax: 100).pending == 3)
            // From the first number to the last.
            #expect(try await outbox.backlog(countedMax: 2).pending == 3)
            try await outbox.delete([seqs[3]])
            #expect(try await outbox.backlog(countedMax: 3).pending == 2)
            #expect(try await outbox.backlog(countedMax: 2).pending == 3)
        }
    }

    /// The planner does not know how few rows a claim reads: given the choice it scanned the whole table of entries for each claim, and the
    /// outbox too if that was vacuumed while it was empty.
    @Test(arguments: [false, true])
    func `a claim looks its entries up, and never reads a whole table`(isVacuumed: Bool) async throws {
        try await self.withRepository { repository, client, configuration in
            if isVacuumed { try await client.query("vacuum analyze outbox") }
            let held = try #require(try await PostgresOutboxLease.source(configuration, logger: Logger(label: "tests")).acquire())
            let lease = held.access
            // The sixth run of a prepared statement is the first that may have a plan for all parameters.
            for _ in 0..<8 { #expect(try await lease.claim(above: 0, minimumAge: .zero, limit: 500).events.isEmpty) }
            for first in stride(from: UInt64(1), to: 4000, by: 500) {
                _ = try await repository.register((first..<first + 500).map { Self.registro($0) })
            }
            for _ in 0..<8 { #expect(try await lease.claim(above: 0, minimumAge: .zero, limit: 500).events.count == 500) }
            // A session reports all its statistics when it ends.
            await held.release()
            for table in ["lancamentos", "outbox"] {
                let (lookedUp, readThrough) = try await rowsRead(of: table, atLeast: 4000, client)
                #expect(lookedUp >= 4000, "8 times 500 rows of \(table) should be looked up by key, \(lookedUp) were")
                #expect(readThrough == 0, "rows of \(table) read without a key")
            }
        }
    }

    /// The plan is cached while the table is empty, vacuumed or not: it scanned the whole table for each batch, dead rows included.
    @Test(arguments: [false, true])
    func `confirmed rows are deleted without reading the outbox through`(isVacuumed: Bool) async throws {
        try await self.withRepository { repository, client, configuration in
            if isVacuumed { try await client.query("vacuum analyze outbox") }
            var once = configuration
            once.plans = .once
            let limits = PostgresClient.Limits.patient(connections: 1)
            let deleting = PostgresClient(configuration: once, limits: limits, logger: Logger(label: "tests"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await deleting.run() }
                // A session reports all its statistics when it ends.
                defer { group.cancelAll() }
                let outbox = PostgresOutboxRepository(client: deleting)
                try await outbox.delete([0])
                var seqs: [[Int64]] = []
                for first in stride(from: UInt64(1), to: 4000, by: 500) {
                    seqs.append(try await repository.register((first..<first + 500).map { Self.registro($0) }).values.sorted())
                }
                for seqs in seqs { try await outbox.delete(seqs) }
            }
            #expect(try await PostgresOutboxRepository(client: client).backlog(countedMax: 100).pending == 0)
            let (lookedUp, readThrough) = try await rowsRead(of: "outbox", atLeast: 4000, client)
            #expect((4000..<3 * 4000).contains(lookedUp), "4000 rows should be looked up by key, \(lookedUp) were")
            #expect(readThrough == 0, "rows read without a key")
        }
    }
}
