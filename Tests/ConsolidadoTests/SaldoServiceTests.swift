import Fixtures
import FluxoDeCaixa
import Storage
import Testing

@testable import Consolidado

@Suite(.timeLimit(.minutes(5))) struct SaldoServiceTests {
    private static func pedido(_ number: Int, days: Int = 1) -> PedidoDeSaldo {
        let first = Dia(parsing: "2026-11-24")!
        return PedidoDeSaldo(conta: Conta("conta\(number)")!, periodo: Periodo(de: first, ate: first.somando(dias: days - 1)!)!)
    }

    /// Reads a balance. Returns its account and the number of its statement, or the failure.
    private static func read(_ service: SaldoService, _ number: Int, days: Int = 1) async -> String {
        do throws(ReadFailure) {
            let pedido = self.pedido(number, days: days)
            let saldo = try await service.periodo(pedido.periodo, of: .uma(pedido.conta))
            return "\(saldo.conta) \(saldo.versao)"
        } catch {
            return "\(error)"
        }
    }

    /// Limits for a busy machine.
    private static var patient: SaldoService.Limits {
        var limits = SaldoService.Limits(workers: 1, longWorkers: 1)
        limits.queueWaitMax = .seconds(50)
        limits.answerMax = .seconds(60)
        return limits
    }

    private func withService<Value: Sendable>(
        _ repository: FakeSaldoReadRepository, limits: SaldoService.Limits = Self.patient,
        _ body: @Sendable @escaping (SaldoService) async throws -> Value
    ) async throws -> Value {
        let service = SaldoService(repository: repository, limits: limits)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await service.run() }
            defer { group.cancelAll() }
            return try await body(service)
        }
    }

    @Test func `a lone read is one statement`() async throws {
        let repository = FakeSaldoReadRepository()
        try await self.withService(repository) { service in
            #expect(await Self.read(service, 1) == "conta1 1")
            #expect(await Self.read(service, 2) == "conta2 2")
        }
        #expect(await repository.statements == [[Self.pedido(1)], [Self.pedido(2)]])
    }

    @Test func `reads that arrive while every worker is busy share the next statements`() async throws {
        let repository = FakeSaldoReadRepository(isHeld: true)
        try await self.withService(repository) { service in
            await withTaskGroup(of: (Int, String).self) { group in
                group.addTask { (0, await Self.read(service, 0)) }
                #expect(await eventually { await !repository.statements.isEmpty })
                // Each balance twice. Number 0 is being read by an earlier statement, which these reads must not join.
                for number in 0..<140 { group.addTask { (number % 70, await Self.read(service, number % 70)) } }
                #expect(await eventually { service.count == 140 })
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
        try await self.withService(repository) { service in
            async let first = Self.read(service, 1)
            #expect(await eventually { await !repository.statements.isEmpty })
            async let second = Self.read(service, 1)
            #expect(await eventually { service.count == 1 })
            await repository.letGo()
            #expect(await first == "conta1 1")
            #expect(await second == "conta1 2")
        }
    }

    @Test func `long periods have a worker and statements of their own`() async throws {
        let repository = FakeSaldoReadRepository(isHeld: true)
        try await self.withService(repository) { service in
            async let long = Self.read(service, 1, days: 32)
            #expect(await eventually { await !repository.statements.isEmpty })
            async let month = Self.read(service, 2, days: 31)
            #expect(await eventually { await repository.statements.count == 2 })
            await withTaskGroup(of: String.self) { group in
                for number in 0..<16 { group.addTask { await Self.read(service, number, days: 366) } }
                #expect(await eventually { service.count == 16 })
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
        var limits = SaldoService.Limits(workers: 1, longWorkers: 1)
        limits.queueReadsMax = 1
        try await self.withService(repository, limits: limits) { service in
            async let first = Self.read(service, 1)
            #expect(await eventually { await !repository.statements.isEmpty })
            async let second = Self.read(service, 2)
            #expect(await eventually { service.count == 1 })
            #expect(await Self.read(service, 3) == "sobrecarga")
            await repository.letGo()
            #expect(await first == "conta1 1")
            #expect(await second == "conta2 2")
        }
    }

    @Test func `a failure fails all reads of its statement and no others`() async throws {
        let repository = FakeSaldoReadRepository(failures: 1)
        try await self.withService(repository) { service in
            #expect(await Self.read(service, 1) == "indisponivel")
            #expect(await Self.read(service, 1) == "conta1 2")
        }
    }

    @Test func `an exhausted pool is an overload, not an outage`() async throws {
        let repository = FakeSaldoReadRepository(failures: 1, failure: .overloaded)
        try await self.withService(repository) { service in #expect(await Self.read(service, 1) == "sobrecarga") }
    }

    @Test func `after closing reads are refused`() async throws {
        let service = SaldoService(repository: FakeSaldoReadRepository(), limits: .init(workers: 1, longWorkers: 1))
        service.close()
        #expect(await Self.read(service, 1) == "sobrecarga")
    }
}
