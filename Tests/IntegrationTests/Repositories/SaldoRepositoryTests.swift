import Contrato
import Fixtures
import FluxoDeCaixa
import Logging
import Postgres
import RepositoryContracts
import SeededRandom
import TestSupport
import Testing

@testable import Consolidado

@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(5)))
struct SaldoRepositoryTests {
    private func withRepository<Value: Sendable>(
        _ body: @Sendable @escaping (Saldos, PostgresClient) async throws -> Value
    ) async throws -> Value {
        try await withSchema(ConsolidadoMigrations.migrations) { client, _ in try await body(Saldos(client), client) }
    }

    private static func entry(
        _ number: UInt64, conta: String = "loja", data: String = "2026-11-24", tipo: Tipo = .credito, centavos: Int64 = 100,
        natureza: String = "operacional"
    ) -> LancamentoAplicavel {
        TestEntry.aplicavel(number, conta: conta, data: data, tipo: tipo, centavos: centavos, natureza: natureza)
    }

    @Test(arguments: SaldoReadRepositoryContract.cases)
    func `the reads keep the contract that the fake keeps`(_ contract: ContractCase<SaldoStore>) async throws {
        try await self.withRepository { repository, _ in
            try await contract.check(SaldoStore(apply: { _ = try await repository.apply($0) }, read: repository.read))
        }
    }

    @Test(arguments: SaldoRepositoryContract.cases)
    func `the consolidation's store keeps the contract that the fake keeps`(_ contract: ContractCase<any SaldoRepository>) async throws {
        try await self.withRepository { repository, _ in try await contract.check(repository.write) }
    }

    @Test func `an entry is applied once, however often it is received`() async throws {
        try await self.withRepository { repository, _ in
            #expect(try await repository.apply([Self.entry(1), Self.entry(2)]).count == 2)
            #expect(try await repository.apply([Self.entry(2), Self.entry(3)]) == [Self.entry(3).id])
            let day = try await repository.dia(Dia(parsing: "2026-11-24")!, of: Conta("loja")!)
            #expect(day.saldoFinal.description == "3.00")
            #expect(day.quantidadeCreditos == 3)
            #expect(day.versao == 2)
        }
    }

    @Test func `a backdated entry shows in every later opening balance`() async throws {
        try await self.withRepository { repository, _ in
            let conta = Conta("loja")!
            _ = try await repository.apply([
                Self.entry(1, data: "2026-11-24"), Self.entry(2, data: "2026-11-02", tipo: .debito, centavos: 30),
            ])
            _ = try await repository.apply([Self.entry(3, data: "2025-01-31", centavos: 1000)])
            func opening(_ date: String) async throws -> String {
                try await repository.dia(Dia(parsing: date)!, of: conta).saldoInicial.description
            }
            #expect(try await opening("2025-01-31") == "0.00")
            #expect(try await opening("2025-02-01") == "10.00")
            #expect(try await opening("2026-11-02") == "10.00")
            #expect(try await opening("2026-11-03") == "9.70")
            #expect(try await opening("2026-11-25") == "10.70")
            #expect(try await opening("9999-12-31") == "10.70")
        }
    }

    @Test func `a period carries its balance over days without entries`() async throws {
        try await self.withRepository { repository, _ in
            _ = try await repository.apply([
                Self.entry(1, data: "2026-10-30"), Self.entry(2, data: "2026-11-02", natureza: "transferencia"),
                Self.entry(3, data: "2026-11-02", tipo: .debito, centavos: 250, natureza: "transferencia"),
            ])
            let periodo = Periodo(de: Dia(parsing: "2026-10-31")!, ate: Dia(parsing: "2026-11-03")!)!
            let saldo = try await repository.periodo(periodo, of: Conta("loja")!)
            #expect(saldo.dias.map(\.saldoInicial.description) == ["1.00", "1.00", "1.00", "-0.50"])
            #expect(saldo.dias.map(\.saldoFinal.description) == ["1.00", "1.00", "-0.50", "-0.50"])
            #expect(saldo.totais.transferenciasEntrada.description == "1.00")
            #expect(saldo.totais.transferenciasSaida.description == "2.50")
            #expect(saldo.totais.saldoFinal.description == "-0.50")
        }
    }

    @Test func `an account never seen has zeros`() async throws {
        try await self.withRepository { repository, _ in
            let day = try await repository.dia(Dia(parsing: "2026-11-24")!, of: Conta("nunca")!)
            #expect(day.versao == 0)
            #expect(day.saldoFinal == .zero)
            #expect(day.atualizadoEm == nil)
        }
    }

    @Test func `sums pass 64 bits`() async throws {
        try await self.withRepository { repository, client in
            _ = try await repository.apply([Self.entry(1, centavos: Valor.maximoEmCentavos)])
            // As if nine and a half million of the largest entries had been applied before.
            try await client.query("update saldos_diarios set creditos = 9500000 * creditos")
            try await client.query("update contas set saldo = 9500000 * saldo")
            try await client.query("update totais_mensais set saldo = 9500000 * saldo")
            _ = try await repository.apply([Self.entry(2, centavos: Valor.maximoEmCentavos)])
            let day = try await repository.dia(Dia(parsing: "2026-11-24")!, of: Conta("loja")!)
            #expect(day.totalCreditos.centavos == 9_500_001 * Int128(Valor.maximoEmCentavos))
            let next = try await repository.dia(Dia(parsing: "2026-12-24")!, of: Conta("loja")!)
            #expect(next.saldoInicial.centavos == 9_500_001 * Int128(Valor.maximoEmCentavos))
        }
    }

    /// As a service finds it when it is new: plans are made while the tables are empty and kept while they grow.
    @Test func `what has a key is looked up by it, also by plans from when the tables were empty`() async throws {
        try await withSchema(ConsolidadoMigrations.migrations) { observer, configuration in
            var configuration = configuration
            configuration.plans = .once
            let limits = PostgresClient.Limits.patient(connections: 1)
            let client = PostgresClient(configuration: configuration, limits: limits, logger: Logger(label: "tests"))
            let saldos = Saldos(client)
            let ids = (1...2000 as ClosedRange<UInt64>).map { Self.entry($0).id }
            let day = Dia(parsing: "2026-11-24")!
            let pedido = PedidoDeSaldo(conta: Conta("loja7")!, periodo: Periodo(de: day, ate: day.somando(dias: 6)!)!)
            func look() async throws {
                #expect(try await saldos.read.saldos([pedido, pedido]).count == 2)
                _ = try await saldos.applied(Array(ids.prefix(20)))
                _ = try await saldos.read.contasDosAplicados(Array(ids.suffix(20)))
            }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await client.run() }
                await #expect(throws: Never.self) {
                    try await look()
                    for first in stride(from: UInt64(1), to: 2000, by: 500) {
                        try await saldos.apply((first..<first + 500).map { Self.entry($0, conta: "loja\($0 % 50)") })
                    }
                    for _ in 0..<20 { try await look() }
                }
                // A session reports all its statistics when it ends.
                group.cancelAll()
            }
            let counts: PostgresQuery = """
                select relname::text, seq_tup_read, idx_tup_fetch from pg_stat_user_tables
                where relname in ('lancamentos_aplicados', 'contas', 'saldos_diarios', 'totais_mensais')
                """
            let isReported = try await eventually {
                try await observer.query(counts).allSatisfy { try $0.decode(2, as: Int64.self) >= 40 }
            }
            #expect(isReported, "each table should have been looked into")
            for row in try await observer.query(counts) {
                let (table, readThrough) = (try row.decode(0, as: String.self), try row.decode(1, as: Int64.self))
                #expect(readThrough == 0, "rows of \(table) read without a key")
            }
        }
    }

    @Test func `concurrent batches over the same accounts and ids neither deadlock nor differ`() async throws {
        try await self.withRepository { repository, client in
            // Every batch is in another order and shares ids, accounts and days with the others.
            var random = SeededGenerator(seed: 7)
            let entries = (0..<1200).map {
                Self.entry(UInt64($0), conta: "loja\($0 % 20)", data: "2026-11-\(10 + $0 % 15)", centavos: Int64(1 + $0))
            }
            var batches: [[LancamentoAplicavel]] = []
            for _ in 0..<48 { batches.append(Array(entries.shuffled(using: &random).prefix(150))) }
            batches.append(contentsOf: stride(from: 0, to: 1200, by: 100).map { Array(entries[$0..<$0 + 100]) })
            let service = ConsolidacaoService(repository: repository.write)
            let applied = try await withThrowingTaskGroup(of: Int.self) { group in
                for batch in batches {
                    group.addTask { try await service.apply(batch).filter { $0 == .applied }.count }
                }
                return try await group.reduce(0, +)
            }
            #expect(applied == 1200)
            let row = try #require(
                await client.query(
                    "select sum(creditos), (select sum(saldo) from contas), (select sum(saldo) from totais_mensais) from saldos_diarios"
                ).first
            )
            let expected = Int128(entries.map(\.valor.centavos).reduce(0, +))
            for column in 0..<3 { #expect(try row.decode(column, as: Int128.self) == expected) }
            let deadlocks = try await client.query("select deadlocks from pg_stat_database where datname = current_database()")
            #expect(try deadlocks.first?.decode(0, as: Int64.self) == 0)
        }
    }
}
