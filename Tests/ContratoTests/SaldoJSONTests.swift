import Contrato
import FluxoDeCaixa
import Testing

@Suite struct SaldoJSONTests {
    private func movimento(_ data: String) throws -> MovimentoDoDia {
        MovimentoDoDia(
            data: try #require(Dia(parsing: data)),
            totalCreditos: Quantia(centavos: 1000),
            totalDebitos: Quantia(centavos: 2230),
            transferenciasEntrada: Quantia(centavos: 1),
            transferenciasSaida: Quantia(centavos: 20),
            quantidadeCreditos: 1,
            quantidadeDebitos: 2,
            atualizadoEm: Instante(milissegundos: 1_795_503_692_123)
        )
    }

    @Test func `a day is as published`() throws {
        let saldo = SaldoDiario(conta: "loja42.*", saldoInicial: Quantia(centavos: 1230), movimento: try movimento("2026-11-24"), versao: 7)
        #expect(
            String(decoding: SaldoJSON.encode(saldo), as: UTF8.self) == """
                {"conta":"loja42.*","data":"2026-11-24","moeda":"BRL","saldo_inicial":"12.30","total_creditos":"10.00",\
                "total_debitos":"22.30","transferencias_entrada":"0.01","transferencias_saida":"0.20","saldo_do_dia":"-12.30",\
                "saldo_final":"0.00",\
                "quantidade_creditos":1,"quantidade_debitos":2,"versao":7,"atualizado_em":"2026-11-24T07:01:32.123Z"}
                """
        )
    }

    @Test func `a period is as published`() throws {
        let (de, ate) = (try #require(Dia(parsing: "2026-11-23")), try #require(Dia(parsing: "2026-11-24")))
        let periodo = try #require(Periodo(de: de, ate: ate))
        let saldo = SaldoDoPeriodo(conta: "a", periodo: periodo, versao: 3, saldoInicial: .zero, movimentos: [try movimento("2026-11-24")])
        let dias = saldo.dias.map { String(decoding: SaldoJSON.encode($0), as: UTF8.self) }
        #expect(dias[0].hasSuffix(#""versao":3,"atualizado_em":null}"#))
        #expect(
            String(decoding: SaldoJSON.encode(saldo), as: UTF8.self) == """
                {"conta":"a","de":"2026-11-23","ate":"2026-11-24","moeda":"BRL","versao":3,"dias":[\(dias[0]),\(dias[1])],\
                "totais":{"saldo_inicial":"0.00","total_creditos":"10.00","total_debitos":"22.30","transferencias_entrada":"0.01",\
                "transferencias_saida":"0.20","saldo_do_periodo":"-12.30","saldo_final":"-12.30","quantidade_creditos":1,\
                "quantidade_debitos":2}}
                """
        )
    }
}
