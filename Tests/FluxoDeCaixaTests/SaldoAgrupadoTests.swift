import SeededRandom
import Testing

@testable import FluxoDeCaixa

@Suite struct SaldoAgrupadoTests {
    private static func dia(_ text: String) -> Dia { Dia(parsing: text)! }

    @Test func `weeks and months carry the balances of their days`() throws {
        // Wednesday to Sunday of the week after.
        let periodo = try #require(Periodo(de: Self.dia("2025-12-31"), ate: Self.dia("2026-01-11")))
        let movimentos = [
            MovimentoDoDia(
                data: Self.dia("2026-01-04"), totalCreditos: Quantia(centavos: 10), quantidadeCreditos: 1, atualizadoEm: .primeiro),
            MovimentoDoDia(data: Self.dia("2026-01-05"), totalDebitos: Quantia(centavos: 3), quantidadeDebitos: 1),
        ]
        let saldo = SaldoDoPeriodo(
            conta: "a", periodo: periodo, versao: 9, saldoInicial: Quantia(centavos: 100), movimentos: movimentos)
        let semanas = saldo.agrupado(por: .semana)
        #expect(semanas.map(\.periodo.de) == ["2025-12-31", "2026-01-05"].map(Self.dia))
        #expect(semanas.map(\.periodo.ate) == ["2026-01-04", "2026-01-11"].map(Self.dia))
        #expect(semanas.map(\.totais.saldoInicial.centavos) == [100, 110])
        #expect(semanas.map(\.totais.saldoFinal.centavos) == [110, 107])
        #expect(semanas.map(\.atualizadoEm) == [.primeiro, nil])
        #expect(semanas.allSatisfy { $0.versao == 9 && $0.conta == "a" })
        let meses = saldo.agrupado(por: .mes)
        #expect(meses.map(\.periodo.de) == ["2025-12-31", "2026-01-01"].map(Self.dia))
        #expect(meses.map(\.totais.saldoFinal.centavos) == [100, 107])
    }

    @Test func `the groups of any period are its days`() throws {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<300 {
            let de = try #require(Dia(diasDesde2000: Int32.random(in: -730_119...2_921_000, using: &random)))
            let ate = try #require(de.somando(dias: Int.random(in: 0...400, using: &random)))
            let periodo = try #require(Periodo(de: de, ate: ate))
            let movimentos = periodo.dias.filter { _ in Bool.random(using: &random) }.map {
                MovimentoDoDia(data: $0, totalCreditos: Quantia(centavos: Int128.random(in: 0...9, using: &random)))
            }
            let saldo = SaldoDoPeriodo(conta: "a", periodo: periodo, versao: 1, saldoInicial: .zero, movimentos: movimentos)
            for agrupamento in AgrupamentoDeDias.allCases {
                let grupos = saldo.agrupado(por: agrupamento)
                #expect(grupos.first?.periodo.de == de && grupos.last?.periodo.ate == ate)
                for (one, next) in zip(grupos, grupos.dropFirst()) {
                    #expect(one.periodo.ate.somando(dias: 1) == next.periodo.de)
                    #expect(one.totais.saldoFinal == next.totais.saldoInicial)
                    #expect(next.periodo.de == agrupamento.inicio(do: next.periodo.de))
                    if agrupamento == .mes { #expect(next.periodo.de.description.hasSuffix("-01")) }
                }
                #expect(grupos.last?.totais.saldoFinal == saldo.totais.saldoFinal)
            }
        }
    }
}
