import FluxoDeCaixa
import SeededRandom
import Testing

@Suite struct SaldoTests {
    private func dia(_ texto: String) throws -> Dia { try #require(Dia(parsing: texto)) }
    private func quantia(_ centavos: Int128) -> Quantia { Quantia(centavos: centavos) }

    private func movimento(_ data: Dia, _ creditos: Int128, _ debitos: Int128) -> MovimentoDoDia {
        MovimentoDoDia(
            data: data,
            totalCreditos: quantia(creditos),
            totalDebitos: quantia(debitos),
            transferenciasEntrada: quantia(creditos / 2),
            transferenciasSaida: quantia(debitos / 4),
            quantidadeCreditos: 3,
            quantidadeDebitos: 2,
            atualizadoEm: Instante(milissegundos: 1000)
        )
    }

    @Test func `a day closes with its opening balance plus its movement`() throws {
        let saldo = SaldoDiario(conta: "a", saldoInicial: quantia(-500), movimento: movimento(try dia("2026-11-24"), 1000, 1230), versao: 7)
        #expect(saldo.saldoDoDia == quantia(-230))
        #expect(saldo.saldoFinal == quantia(-730))
    }

    @Test func `a period has every day and carries the balance`() throws {
        let periodo = try #require(Periodo(de: dia("2026-02-27"), ate: dia("2026-03-02")))
        let saldo = SaldoDoPeriodo(
            conta: "a.*",
            periodo: periodo,
            versao: 9,
            saldoInicial: quantia(100),
            movimentos: [movimento(try dia("2026-03-02"), 50, 4), movimento(try dia("2026-02-28"), 1000, 1200)]
        )
        #expect(saldo.dias.map(\.data.description) == ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"])
        #expect(saldo.dias.map(\.saldoInicial) == [100, 100, -100, -100].map(quantia))
        #expect(saldo.dias.map(\.saldoFinal) == [100, -100, -100, -54].map(quantia))
        #expect(saldo.dias.map(\.atualizadoEm) == [nil, Instante(milissegundos: 1000), nil, Instante(milissegundos: 1000)])
        #expect(saldo.dias.allSatisfy { $0.versao == 9 && $0.conta == "a.*" })
        #expect(saldo.totais.saldoInicial == quantia(100))
        #expect(saldo.totais.totalCreditos == quantia(1050))
        #expect(saldo.totais.totalDebitos == quantia(1204))
        #expect(saldo.totais.transferenciasEntrada == quantia(525))
        #expect(saldo.totais.transferenciasSaida == quantia(301))
        #expect(saldo.totais.saldoDoPeriodo == quantia(-154))
        #expect(saldo.totais.saldoFinal == quantia(-54))
        #expect(saldo.totais.quantidadeCreditos == 6)
        #expect(saldo.totais.quantidadeDebitos == 4)
    }

    @Test func `days outside the period are ignored`() throws {
        let periodo = try #require(Periodo(de: dia("2026-01-01"), ate: dia("2026-01-01")))
        let fora = [movimento(try dia("2025-12-31"), 1, 0), movimento(try dia("2026-01-02"), 1, 0)]
        let saldo = SaldoDoPeriodo(conta: "a", periodo: periodo, versao: 1, saldoInicial: .zero, movimentos: fora)
        #expect(saldo.dias.count == 1)
        #expect(saldo.totais.saldoFinal == .zero)
    }

    @Test func `a period up to the last day ends`() throws {
        let periodo = try #require(Periodo(de: dia("9999-12-30"), ate: .ultimo))
        #expect(periodo.quantidadeDeDias == 2)
        #expect(Array(periodo.dias).map(\.description) == ["9999-12-30", "9999-12-31"])
        #expect(Periodo(de: .ultimo, ate: .primeiro) == nil)
    }

    /// Every day opens with the closing balance of the day before, and the totals are the sums of the days.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `each day opens with the closing balance of the day before`(semente: UInt64) throws {
        var aleatorio = SeededGenerator(seed: semente)
        let de = try dia("2024-01-15")
        let ate = try #require(de.somando(dias: 365))
        let periodo = try #require(Periodo(de: de, ate: ate))
        var porDia: [Dia: MovimentoDoDia] = [:]
        for _ in 0..<100 {
            let data = try #require(de.somando(dias: .random(in: 0...365, using: &aleatorio)))
            porDia[data] = movimento(
                data, Int128(Int64.random(in: 0...(.max), using: &aleatorio)), Int128(Int64.random(in: 0...(.max), using: &aleatorio)))
        }
        let inicial = quantia(Int128(Int64.random(in: .min ... .max, using: &aleatorio)))
        let movimentos = Array(porDia.values).shuffled(using: &aleatorio)
        let saldo = SaldoDoPeriodo(conta: "a", periodo: periodo, versao: 1, saldoInicial: inicial, movimentos: movimentos)
        #expect(saldo.dias.count == 366)
        #expect(saldo.dias.first?.saldoInicial == inicial)
        #expect(zip(saldo.dias, saldo.dias.dropFirst()).allSatisfy { $0.saldoFinal == $1.saldoInicial })
        #expect(saldo.dias.last?.saldoFinal == saldo.totais.saldoFinal)
        for dia in saldo.dias {
            #expect(dia.movimento == porDia[dia.data] ?? MovimentoDoDia(data: dia.data))
        }
        #expect(saldo.totais.totalCreditos.centavos == porDia.values.reduce(0) { $0 + $1.totalCreditos.centavos })
        #expect(saldo.totais.quantidadeDebitos == Int64(2 * porDia.count))
    }
}
