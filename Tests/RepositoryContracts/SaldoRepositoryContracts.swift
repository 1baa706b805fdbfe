package import Consolidado
package import Contrato
import Fixtures
import FluxoDeCaixa

/// Both sides of a store of balances.
package struct SaldoStore: Sendable {
    package let apply: @Sendable ([LancamentoAplicavel]) async throws -> Void
    package let read: any SaldoReadRepository

    package init(apply: @escaping @Sendable ([LancamentoAplicavel]) async throws -> Void, read: any SaldoReadRepository) {
        self.apply = apply
        self.read = read
    }
}

/// What the reading services rely on in the store of balances. Every case begins with an empty store.
package enum SaldoReadRepositoryContract {
    package static let cases: [ContractCase<SaldoStore>] = [
        ContractCase("periods are answered in the order of the requests, equal ones included") { store in
            let pedidos = [("b", 2), ("a", 1), ("b", 2)].map { Self.pedido($0.0, "2026-11-24", days: $0.1) }
            let saldos = try await store.read.saldos(pedidos)
            try expect(saldos.map(\.conta), equals: ["b", "a", "b"])
            try expect(saldos.map(\.dias.count), equals: [2, 1, 2])
            try expect(try await store.read.saldos([]).count, equals: 0)
        },
        ContractCase("an account without entries has zeros") { store in
            let saldo = try await store.read.saldos([Self.pedido("nunca", "2026-11-24")])[0]
            try expect(saldo.dias[0].saldoFinal, equals: .zero)
            try expect(saldo.dias[0].atualizadoEm, equals: nil)
        },
        ContractCase("a day carries forward what was applied before it, and only to its account") { store in
            try await store.apply([
                TestEntry.aplicavel(1, data: "2026-10-31", centavos: 1000), TestEntry.aplicavel(2, tipo: .debito, centavos: 30),
                TestEntry.aplicavel(3, centavos: 5, natureza: "transferencia"), TestEntry.aplicavel(4, conta: "loja.a", centavos: 7),
                TestEntry.aplicavel(5, data: "2026-11-26", centavos: 1),
            ])
            let saldo = try await store.read.saldos([Self.pedido("loja", "2026-11-24", days: 2)])[0]
            try expect(saldo.dias.map(\.saldoInicial.description), equals: ["10.00", "9.75"])
            try expect(saldo.dias.map(\.saldoFinal.description), equals: ["9.75", "9.75"])
            try expect(saldo.dias.map(\.quantidadeCreditos), equals: [1, 0])
            try expect(saldo.totais.totalDebitos.description, equals: "0.30")
            try expect(saldo.totais.transferenciasEntrada.description, equals: "0.05")
        },
        ContractCase("the entries asked for are reported with their accounts if they are applied") { store in
            try await store.apply([TestEntry.aplicavel(1), TestEntry.aplicavel(2, conta: "outra"), TestEntry.aplicavel(4)])
            let contas = try await store.read.contasDosAplicados([1, 2, 3].map(TestEntry.id))
            try expect(contas.mapValues(\.nome), equals: [TestEntry.id(1): "loja", TestEntry.id(2): "outra"])
        },
    ]

    private static func pedido(_ conta: String, _ first: String, days: Int = 1) -> PedidoDeSaldo {
        let first = Dia(parsing: first)!
        return PedidoDeSaldo(conta: Conta(conta)!, periodo: Periodo(de: first, ate: first.somando(dias: days - 1)!)!)
    }
}

/// What the consolidation relies on in the store of balances. Every case begins with an empty store.
package enum SaldoRepositoryContract {
    package static let cases: [ContractCase<any SaldoRepository>] = [
        ContractCase("an entry is applied once") { repository in
            try expect(try await repository.apply([1, 2].map { TestEntry.aplicavel($0) }), equals: [TestEntry.id(1), TestEntry.id(2)])
            try expect(try await repository.apply([2, 3].map { TestEntry.aplicavel($0) }), equals: [TestEntry.id(3)])
            try expect(try await repository.apply([]), equals: [])
        },
        ContractCase("applied entries are returned as they were applied first") { repository in
            _ = try await repository.apply([TestEntry.aplicavel(1, centavos: 5)])
            _ = try await repository.apply([TestEntry.aplicavel(1, centavos: 6)])
            let applied = try await repository.applied([1, 2].map(TestEntry.id))
            try expect(applied, equals: [TestEntry.id(1): TestEntry.aplicavel(1, centavos: 5)])
        },
    ]
}
