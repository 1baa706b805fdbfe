import Contrato
import Fixtures
import FluxoDeCaixa
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Consolidado

@Suite(.timeLimit(.minutes(5))) struct ConsolidationWaitsTests {
    private static let loja = Conta("loja42.caixa")!

    /// Runs waits while the closure runs.
    private func withWaits<Value: Sendable>(
        _ repository: FakeSaldoReadRepository, limits: ConsolidationWaits.Limits = .init(),
        _ body: @Sendable @escaping (ConsolidationWaits) async throws -> Value
    ) async throws -> Value {
        let waits = ConsolidationWaits(repository: repository, limits: limits, logger: Logger(label: "tests"))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await waits.run() }
            defer { group.cancelAll() }
            return try await body(waits)
        }
    }

    private static func wait(
        _ waits: ConsolidationWaits, _ ids: [LancamentoID], filtro: FiltroDeConta = .abaixoDe(Conta("loja42")!), wait: Duration = .zero
    ) async -> ReadFailure? {
        do throws(ReadFailure) {
            try await waits.waitUntilApplied(ids, to: filtro, wait: wait, isWanted: { true })
            return nil
        } catch {
            return error
        }
    }

    /// Limits with which the database is queried only once.
    private static var onlyOnce: ConsolidationWaits.Limits {
        var limits = ConsolidationWaits.Limits()
        limits.checkInterval = .seconds(3600)
        return limits
    }

    private static func entry(_ number: UInt64, conta: Conta = loja) -> LancamentoAplicavel {
        TestEntry.aplicavel(number, conta: conta.nome)
    }

    @Test func `what is there is found without waiting`() async throws {
        let repository = FakeSaldoReadRepository(contas: [TestEntry.id(1): Self.loja, TestEntry.id(2): Self.loja])
        try await self.withWaits(repository) { waits in
            #expect(await Self.wait(waits, [TestEntry.id(1), TestEntry.id(2)]) == nil)
        }
        #expect(await repository.checks.count == 1)
    }

    @Test func `what nobody knows and what is of another account end the same way`() async throws {
        let repository = FakeSaldoReadRepository(contas: [TestEntry.id(1): Conta("loja7")!])
        try await self.withWaits(repository) { waits in
            #expect(await Self.wait(waits, [TestEntry.id(1)]) == .aindaNaoConsolidado)
            #expect(await Self.wait(waits, [TestEntry.id(2)]) == .aindaNaoConsolidado)
            #expect(await Self.wait(waits, [TestEntry.id(1)], wait: .milliseconds(60)) == .aindaNaoConsolidado)
        }
    }

    @Test func `an entry applied while a read waits is found`() async throws {
        let repository = FakeSaldoReadRepository()
        try await self.withWaits(repository) { waits in
            async let ending = Self.wait(waits, [TestEntry.id(1)], wait: .seconds(30))
            #expect(await eventually { await !repository.checks.isEmpty })
            await repository.add(TestEntry.id(1), Self.loja)
            #expect(await ending == nil)
        }
    }

    @Test func `a batch of the instance's own wakes a read without another look`() async throws {
        let repository = FakeSaldoReadRepository()
        try await self.withWaits(repository, limits: Self.onlyOnce) { waits in
            async let ending = Self.wait(waits, [TestEntry.id(1)], wait: .seconds(30))
            #expect(await eventually { await !repository.checks.isEmpty })
            waits.applied([Self.entry(1, conta: Conta("loja7")!), Self.entry(2)])
            waits.applied([Self.entry(1)])
            #expect(await ending == nil)
        }
        #expect(await repository.checks.count == 1)
    }

    @Test func `a batch reports its duplicates and not its conflicts, however often it is run`() async throws {
        let store = FakeSaldoRepository()
        let applied = NIOLockedValueBox<[[LancamentoID]]>([])
        let service = ConsolidacaoService(
            repository: store, onApplied: { entries in applied.withLockedValue { $0.append(entries.map(\.id)) } })
        _ = try await service.apply([Self.entry(1), Self.entry(1), Self.entry(2)])
        _ = try await service.apply([Self.entry(1), Self.entry(2, conta: Conta("loja7")!)])
        #expect(applied.withLockedValue { $0 } == [[TestEntry.id(1), TestEntry.id(1), TestEntry.id(2)], [TestEntry.id(1)]])
    }

    @Test func `a query that fails is reported only after the deadline`() async throws {
        let repository = FakeSaldoReadRepository(contas: [TestEntry.id(1): Self.loja], failures: 2)
        try await self.withWaits(repository) { waits in
            #expect(await Self.wait(waits, [TestEntry.id(1)]) == .indisponivel)
            #expect(await Self.wait(waits, [TestEntry.id(1)], wait: .seconds(30)) == nil)
        }
    }

    @Test func `a thousand reads share their looks`() async throws {
        let repository = FakeSaldoReadRepository()
        let start = ContinuousClock.now
        try await self.withWaits(repository) { waits in
            await withTaskGroup(of: ReadFailure?.self) { group in
                for number in 0..<1000 {
                    group.addTask { await Self.wait(waits, [TestEntry.id(UInt64(number))], wait: .milliseconds(300)) }
                }
                for await ending in group { #expect(ending == .aindaNaoConsolidado) }
            }
        }
        // At most one in 25 ms, and one immediately.
        #expect(await repository.checks.count <= 1 + Int((ContinuousClock.now - start) / .milliseconds(25)))
    }

    @Test func `a read whose caller is gone ends`() async throws {
        try await self.withWaits(FakeSaldoReadRepository(), limits: Self.onlyOnce) { waits in
            await withTaskGroup(of: ReadFailure?.self) { group in
                group.addTask { await Self.wait(waits, [TestEntry.id(1)], wait: .seconds(3600)) }
                group.cancelAll()
                for await ending in group { #expect(ending == .aindaNaoConsolidado) }
            }
        }
    }

    @Test func `when the service ends, reads that wait fail, and later ones do`() async throws {
        let repository = FakeSaldoReadRepository()
        let waits = ConsolidationWaits(repository: repository, limits: Self.onlyOnce, logger: Logger(label: "tests"))
        await withTaskGroup(of: ReadFailure?.self) { group in
            let service = Task { await waits.run() }
            group.addTask { await Self.wait(waits, [TestEntry.id(1)], wait: .seconds(3600)) }
            #expect(await eventually { await !repository.checks.isEmpty })
            service.cancel()
            for await ending in group { #expect(ending == .aindaNaoConsolidado) }
        }
        #expect(await Self.wait(waits, [TestEntry.id(1)], wait: .seconds(3600)) == .aindaNaoConsolidado)
    }

    @Test func `too many reads are refused`() async throws {
        var limits = Self.onlyOnce
        limits.waitersMax = 1
        let repository = FakeSaldoReadRepository()
        try await self.withWaits(repository, limits: limits) { waits in
            async let first = Self.wait(waits, [TestEntry.id(1)], wait: .seconds(3600))
            #expect(await eventually { await !repository.checks.isEmpty })
            #expect(await Self.wait(waits, [TestEntry.id(2)], wait: .seconds(3600)) == .sobrecarga)
            waits.applied([Self.entry(1)])
            #expect(await first == nil)
        }
    }
}
