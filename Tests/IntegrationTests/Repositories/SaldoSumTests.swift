import Contrato
import Fixtures
import FluxoDeCaixa
import Postgres
import SeededRandom
import TestSupport
import Testing

@testable import Consolidado

/// Sums over many accounts, and their list, against the plainest arithmetic.
@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(5)))
struct SaldoSumTests {
    private static let names = [
        "loja4", "loja42", "loja42.caixa", "loja42.pix", "loja42.a.b", "loja42-x", "loja42_x", "loja420", "loja420.caixa", "Loja42.caixa",
        "z", "0",
    ]
    private static let filters = ["*", "loja42.*", "loja42.a.*", "loja42", "loja420.*", "loja4.*", "nada.*"].map {
        FiltroDeConta(parsing: $0)!
    }
    private static let firstDay = Dia(parsing: "2025-12-20")!

    private static func entries(_ count: Int, seed: UInt64) -> [LancamentoAplicavel] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { number in
            LancamentoAplicavel(
                id: TestEntry.id(seed << 32 + UInt64(number)),
                conta: Conta(names.randomElement(using: &random)!)!,
                data: firstDay.somando(dias: Int.random(in: 0..<90, using: &random))!,
                tipo: Bool.random(using: &random) ? .credito : .debito,
                natureza: Bool.random(using: &random) ? "transferencia" : "operacional",
                valor: Valor(centavos: Int64.random(in: 1...Valor.maximoEmCentavos, using: &random))!
            )
        }
    }

    /// The same by going through every entry for every day.
    private static func expected(_ entries: [LancamentoAplicavel], _ filtro: FiltroDeConta, _ periodo: Periodo) -> [String] {
        let mine = entries.filter { filtro.cobre($0.conta) }
        func sum(_ entries: [LancamentoAplicavel], _ tipo: Tipo) -> Int128 {
            entries.filter { $0.tipo == tipo }.reduce(0) { $0 + Int128($1.valor.centavos) }
        }
        return periodo.dias.map { dia in
            let before = mine.filter { $0.data < dia }
            let today = mine.filter { $0.data == dia }
            let transfers = today.filter { $0.natureza == "transferencia" }
            return [
                sum(before, .credito) - sum(before, .debito), sum(today, .credito), sum(today, .debito), sum(transfers, .credito),
                sum(transfers, .debito), Int128(today.count { $0.tipo == .credito }), Int128(today.count { $0.tipo == .debito }),
            ].map { String($0) }.joined(separator: " ") + (today.isEmpty ? " -" : " touched")
        }
    }

    private static func seen(_ dias: [SaldoDiario]) -> [String] {
        dias.map { dia in
            [
                dia.saldoInicial.centavos, dia.totalCreditos.centavos, dia.totalDebitos.centavos, dia.transferenciasEntrada.centavos,
                dia.transferenciasSaida.centavos, Int128(dia.quantidadeCreditos), Int128(dia.quantidadeDebitos),
            ].map { String($0) }.joined(separator: " ") + (dia.atualizadoEm == nil ? " -" : " touched")
        }
    }

    @Test func `sums over accounts hold for every day, opening and version, under backdating`() async throws {
        try await withSchema(ConsolidadoMigrations.migrations) { client, _ in
            let saldos = Saldos(client)
            let whole = Periodo(de: Self.firstDay.somando(dias: -3)!, ate: Self.firstDay.somando(dias: 93)!)!
            let part = Periodo(de: Self.firstDay.somando(dias: 30)!, ate: Self.firstDay.somando(dias: 50)!)!
            var applied: [LancamentoAplicavel] = []
            for seed in 1...3 as ClosedRange<UInt64> {
                let batch = Self.entries(150, seed: seed)
                try await saldos.apply(batch)
                applied += batch
                for filtro in Self.filters {
                    for periodo in [whole, part] {
                        let saldo = try await saldos.read.soma(periodo, of: filtro)
                        #expect(Self.seen(saldo.dias) == Self.expected(applied, filtro, periodo), "\(filtro)")
                        #expect(saldo.conta == filtro.description)
                        let covered = Self.names.compactMap { Conta($0) }.filter { filtro.cobre($0) }
                        let single = try await saldos.read.saldos(covered.map { PedidoDeSaldo(conta: $0, periodo: periodo) })
                        #expect(saldo.versao == single.reduce(0) { $0 + $1.versao })
                        #expect(saldo.dias[0].atualizadoEm == single.compactMap(\.dias[0].atualizadoEm).max())
                    }
                }
            }
        }
    }

    @Test func `many periods of many accounts in one statement are each their own`() async throws {
        try await withSchema(ConsolidadoMigrations.migrations) { client, _ in
            let saldos = Saldos(client)
            let entries = Self.entries(200, seed: 9)
            try await saldos.apply(entries)
            // Days, weeks and months; some before the first entry or after the last, some of an account that has none.
            let pedidos = (0..<64).map { number in
                let first = Self.firstDay.somando(dias: number * 3 - 10)!
                return PedidoDeSaldo(
                    conta: Conta((Self.names + ["nunca"])[number % 13])!,
                    periodo: Periodo(de: first, ate: first.somando(dias: [0, 6, 30][number % 3])!)!)
            }
            let found = try await saldos.read.saldos(pedidos)
            #expect(found.map(\.conta) == pedidos.map(\.conta.nome))
            #expect(found.map(\.periodo) == pedidos.map(\.periodo))
            for (pedido, saldo) in zip(pedidos, found) {
                #expect(Self.seen(saldo.dias) == Self.expected(entries, .uma(pedido.conta), pedido.periodo))
                #expect(saldo.versao == (entries.contains { $0.conta == pedido.conta } ? 1 : 0))
            }
        }
    }

    @Test func `a sum passes 64 bits`() async throws {
        try await withSchema(ConsolidadoMigrations.migrations) { client, _ in
            let saldos = Saldos(client)
            try await saldos.apply(Self.entries(50, seed: 4))
            try await client.query("update contas set saldo = 99999999999999999999 * saldo")
            try await client.query("update totais_mensais set saldo = 99999999999999999999 * saldo")
            let after = Periodo(de: Self.firstDay.somando(dias: 200)!, ate: Self.firstDay.somando(dias: 200)!)!
            let expected = Self.entries(50, seed: 4).reduce(Int128(0)) {
                $0 + Int128($1.valor.centavos) * ($1.tipo == .credito ? 1 : -1) * 99_999_999_999_999_999_999
            }
            #expect(try await saldos.read.soma(after, of: .todas).dias[0].saldoFinal.centavos == expected)
        }
    }

    // MARK: - The list of accounts

    private static func filters(_ texts: String...) -> [FiltroDeConta] { texts.map { FiltroDeConta(parsing: $0)! } }

    @Test func `accounts are listed by name, each once, with what all their entries come to`() async throws {
        try await withSchema(ConsolidadoMigrations.migrations) { client, _ in
            let saldos = Saldos(client)
            let entries = Self.entries(300, seed: 5)
            try await saldos.apply(entries)
            for filtros in [
                Self.filters("*"), Self.filters("loja42.*"), Self.filters("loja42.*", "loja42", "loja42.caixa", "z"),
                Self.filters("loja42.caixa", "loja42.*", "*"), Self.filters("nada", "nada.*"), Self.filters("loja42"),
            ] {
                let found = try await saldos.read.contas(filtros, after: nil, limit: 500)
                let expected = Set(entries.map(\.conta)).filter { conta in filtros.contains { $0.cobre(conta) } }.sorted()
                #expect(found.map(\.conta) == expected)
                for resumo in found {
                    let mine = entries.filter { $0.conta == resumo.conta }
                    let sum = mine.reduce(Int128(0)) { $0 + Int128($1.valor.centavos) * ($1.tipo == .credito ? 1 : -1) }
                    #expect(resumo.saldo.centavos == sum)
                    #expect(resumo.primeiraData == mine.map(\.data).min() && resumo.ultimaData == mine.map(\.data).max())
                    #expect(resumo.quantidade == Int64(mine.count) && resumo.versao == 1)
                    let last = try await saldos.dia(resumo.ultimaData, of: resumo.conta)
                    #expect(last.saldoFinal == resumo.saldo)
                }
            }
        }
    }

    @Test func `pages leave out and repeat no account while others are added`() async throws {
        try await withSchema(ConsolidadoMigrations.migrations) { client, _ in
            let saldos = Saldos(client)
            func entry(_ number: Int, _ conta: String) -> LancamentoAplicavel {
                TestEntry.aplicavel(UInt64(number), conta: conta, data: Self.firstDay.description)
            }
            let before = (0..<100).map { "a.\(1000 + 2 * $0)" }
            try await saldos.apply(before.enumerated().map { entry($0.offset, $0.element) })
            var seen: [String] = []
            var number = 1000
            while true {
                let page = try await saldos.read.contas(Self.filters("a.*"), after: seen.last, limit: 7)
                seen += page.map(\.conta.nome)
                if page.count < 7 { break }
                // One before and one behind where the list goes on.
                try await saldos.apply([entry(number, "a.1001\(number)"), entry(number + 1, "a.1191\(number)")])
                number += 2
            }
            #expect(seen == seen.sorted() && Set(seen).count == seen.count)
            #expect(Set(before).isSubset(of: seen))
        }
    }
}
