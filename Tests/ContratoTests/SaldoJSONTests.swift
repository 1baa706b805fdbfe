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

    @Test func `weeks and months are written in place of days`() throws {
        let periodo = try #require(Periodo(de: Dia(parsing: "2026-01-30")!, ate: Dia(parsing: "2026-02-01")!))
        let movimento = MovimentoDoDia(data: Dia(parsing: "2026-01-31")!, totalCreditos: Quantia(centavos: 5), quantidadeCreditos: 1)
        let saldo = SaldoDoPeriodo(
            conta: "a", periodo: periodo, versao: 3, saldoInicial: Quantia(centavos: 1), movimentos: [movimento])
        let json = String(decoding: SaldoJSON.encode(saldo, agrupadoPor: .mes), as: UTF8.self)
        #expect(json.hasPrefix(#"{"conta":"a","de":"2026-01-30","ate":"2026-02-01","moeda":"BRL","versao":3,"periodos":[{"conta":"a","#))
        #expect(
            json.contains(
                #"{"conta":"a","de":"2026-02-01","ate":"2026-02-01","moeda":"BRL","saldo_inicial":"0.06","total_creditos":"0.00","#
                    + #""total_debitos":"0.00","transferencias_entrada":"0.00","transferencias_saida":"0.00","saldo_do_periodo":"0.00","#
                    + #""saldo_final":"0.06","quantidade_creditos":0,"quantidade_debitos":0,"versao":3,"atualizado_em":null}]"#))
        let csv = String(decoding: SaldoCSV.encode(saldo.agrupado(por: .mes), separador: .virgula), as: UTF8.self)
        #expect(csv.contains("\r\na,2026-01-30,2026-01-31,BRL,0.01,0.05,0.00,0.00,0.00,0.05,0.06,1,0,3,\r\n"))
        #expect(csv.hasPrefix(SaldoCSV.colunasDeIntervalos.joined(separator: ",") + "\r\n"))
    }
}
