import Contrato
import Fixtures
import FluxoDeCaixa
import Logging
import NIOConcurrencyHelpers
import Postgres
import TestSupport
import Testing

@testable import Consolidado

/// Concurrent batches do not deadlock because each locks its rows in the order of their keys. Whether two batches deadlock is chance, but the
/// order can be tested: with one row locked by another session, every row before it is locked and every row after it is free.
@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(5)))
struct LockOrderTests {
    private static let contas = (0..<60).map { "conta\(100 + $0)" }
    private static let held = "conta131"

    private static func entries(from first: Int) -> [LancamentoAplicavel] {
        self.contas.enumerated().map { position, conta in
            TestEntry.aplicavel(UInt64(first + position), conta: conta)
        }
    }

    @Test func `accounts are locked in their order`() async throws {
        try await self.expectOrder(
            hold: "select from contas where conta = \(Self.held) for update",
            free: "select conta from contas order by conta for update skip locked")
    }

    @Test func `days are locked in the order of their accounts`() async throws {
        try await self.expectOrder(
            hold: "select from saldos_diarios where conta = \(Self.held) for update",
            free: "select conta from saldos_diarios order by conta for update skip locked")
    }

    @Test func `months are locked in the order of their accounts`() async throws {
        try await self.expectOrder(
            hold: "select from totais_mensais where conta = \(Self.held) for update",
            free: "select conta from totais_mensais order by conta for update skip locked")
    }

    private func expectOrder(hold: PostgresQuery, free: PostgresQuery) async throws {
        try await withSchema(ConsolidadoMigrations.migrations) { client, configuration in
            let repository = PostgresSaldoRepository(client: client, logger: Logger(label: "tests"))
            // Every row is there, so that a row, and not a place in an index, is what the batch waits for.
            _ = try await repository.apply(Self.entries(from: 0))
            let holder = try await PostgresConnection.connect(configuration)
            let holderPID = try #require(try await holder.query("select pg_backend_pid()::bigint").first).decode(0, as: Int64.self)
            try await holder.query("begin")
            try await holder.query(hold)
            let isOver = NIOLockedValueBox(false)
            async let applied: Void = {
                _ = try await repository.apply(Self.entries(from: 1000).shuffled())
                isOver.withLockedValue { $0 = true }
            }()
            // Only this holder's waiters: sessions of other tests wait for locks as well.
            let hasWaiters = try await eventually {
                try await !client.query("select 1 from pg_stat_activity where \(holderPID) = any(pg_blocking_pids(pid)::bigint[])").isEmpty
            }
            #expect(hasWaiters && !isOver.withLockedValue { $0 }, "the batch does not wait for the held row")
            let unlocked = try await client.query(free).map { row throws(PostgresError) in try row.decode(0, as: String.self) }
            try await holder.query("commit")
            try await applied
            await holder.close()
            #expect(unlocked == Self.contas.filter { $0 > Self.held })
        }
    }
}
