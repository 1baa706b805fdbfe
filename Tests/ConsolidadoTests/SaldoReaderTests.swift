import Fixtures
import FluxoDeCaixa
import Storage
import Testing

@testable import Consolidado

@Suite(.timeLimit(.minutes(1))) struct SaldoReaderTests {
    private static func pedido(_ number: Int, days: Int = 1) -> PedidoDeSaldo {
        let first = Dia(parsing: "2026-11-24")!
        return PedidoDeSaldo(conta: Conta("conta\(number)")!, periodo: Periodo(de: first, ate: first.somando(dias: days - 1)!)!)
    }

    /// Reads a balance. Returns its account and the number of its statement, or the failure.
    private static func read(_ reader: SaldoReader, _ number: Int, days: Int = 1) async -> String {
        do throws(ReadFailure) {
            let saldo = try await reader.saldo(self.pedido(number, days: days))
            return "\(saldo.conta) \(saldo.versao)"
        } catch {
            return "\(error)"
        }
    }

    /// Limits for a busy machine.
    private static var patient: SaldoReader.Limits {
        var limits = SaldoReader.Limits(workers: 1, longWorkers: 1)
        limits.queueWaitMax = .seconds(50)
        limits.answerMax = .seconds(60)
        return limits
    }

    private func withReader<Value: Sendable>(
        _ repository: FakeSaldoReadRepository, limits: SaldoReader.Limits = Self.patient,
        _ body: @Sendable @escaping (SaldoReader) async throws -> Value
    ) async throws -> Value {
        let reader = SaldoReader(repository: repository, limits: limits)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await reader.run() }
            defer { group.cancelAll() }
            return try await body(reader)
        }
    }

    @Test func `a lone read is one statement`() async throws {
        let repository = FakeSaldoReadRepository()
        try await self.withReader(repository) { reader in
            #expect(await Self.read(reader, 1) == "conta1 1")
            #expect(await Self.read(reader, 2) == "conta2 2")
        }
        #expect(await repository.statements == [[Self.pedido(1)], [Self.pedido(2)]])
    }

    @Test func `reads that arrive while every worker is busy share the next statements`() async throws {
        let repository = FakeSaldoReadRepository(isHeld: true)
        try await self.withReader(repository) { reader in
            await withTaskGroup(of: (Int, String).self) { group in
                group.addTask { (0, await Self.read(reader, 0)) }
                #expect(await eventually { await !repository.statements.isEmpty })
                // Each balance twice. Number 0 is being read by an earlier statement, which these reads must not join.
                for number in 0..<140 { group.addTask { (number % 70, await Self.read(reader, number % 70)) } }
                #expect(await eventually { reader.count == 140 })
                await repository.letGo()
                for await (number, result) in group {
                    #expect(result.hasPrefix("conta\(number) "))
                }
            }
        }
        let statements = await repository.statements
        #expect(statements.first == [Self.pedido(0)])
        #expect(statements.dropFirst().allSatisfy { $0.count <= 64 && Set($0).count == $0.count })
        #expect(statements.dropFirst().reduce(0) { $0 + $1.count } <= 140)
        #expect(statements.count == 4)
    }

    @Test func `a read never joins a statement that was sent before it arrived`() async throws {
        let repository = FakeSaldoReadRepository(isHeld: true)
        try await self.withReader(repository) { reader in
            async let first = Self.read(reader, 1)
            #expect(await eventually { await !repository.statements.isEmpty })
            async let second = Self.read(reader, 1)
            #expect(await eventually { reader.count == 1 })
            await repository.letGo()
            #expect(await first == "conta1 1")
            #expect(await second == "conta1 2")
        }
    }

    @Test func `long periods have a worker and statements of their own`() async throws {
        let repository = FakeSaldoReadRepository(isHeld: true)
        try await self.withReader(repository) { reader in
            async let long = Self.read(reader, 1, days: 32)
            #expect(await eventually { await !repository.statements.isEmpty })
            async let month = Self.read(reader, 2, days: 31)
            #expect(await eventually { await repository.statements.count == 2 })
            await withTaskGroup(of: String.self) { group in
                for number in 0..<16 { group.addTask { await Self.read(reader, number, days: 366) } }
                #expect(await eventually { reader.count == 16 })
                await repository.letGo()
                for await result in group { #expect(result.hasPrefix("conta")) }
            }
            #expect(await long == "conta1 1")
            #expect(await month == "conta2 2")
        }
        #expect(await repository.statements.dropFirst(2).map(\.count) == [8, 8])
    }

    @Test func `what finds the queue full is refused`() async throws {
        let repository = FakeSaldoReadRepository(isHeld: true)
        var limits = SaldoReader.Limits(workers: 1, longWorkers: 1)
        limits.queueMax = 1
        try await self.withReader(repository, limits: limits) { reader in
            async let first = Self.read(reader, 1)
            #expect(await eventually { await !repository.statements.isEmpty })
            async let second = Self.read(reader, 2)
            #expect(await eventually { reader.count == 1 })
            #expect(await Self.read(reader, 3) == "sobrecarga")
            await repository.letGo()
            #expect(await first == "conta1 1")
            #expect(await second == "conta2 2")
        }
    }

    @Test func `a failure fails all reads of its statement and no others`() async throws {
        let repository = FakeSaldoReadRepository(failures: 1)
        try await self.withReader(repository) { reader in
            #expect(await Self.read(reader, 1) == "indisponivel")
            #expect(await Self.read(reader, 1) == "conta1 2")
        }
    }

    @Test func `an exhausted pool is an overload, not an outage`() async throws {
        let repository = FakeSaldoReadRepository(failures: 1, failure: .overloaded)
        try await self.withReader(repository) { reader in #expect(await Self.read(reader, 1) == "sobrecarga") }
    }

    @Test func `after closing reads are refused`() async throws {
        let reader = SaldoReader(repository: FakeSaldoReadRepository(), limits: .init(workers: 1, longWorkers: 1))
        reader.close()
        #expect(await Self.read(reader, 1) == "sobrecarga")
    }
}
