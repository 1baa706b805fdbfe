import FluxoDeCaixa
import Testing

@testable import Contrato

@Suite struct TotaisEncodingTests {
    private static let totais = TotaisDeLancamentos(
        por: [.categoria, .mes],
        grupos: [
            .init(
                valores: ["=x", "2026-01"],
                soma: .init(
                    totalCreditos: Quantia(centavos: 150), totalDebitos: Quantia(centavos: 1000), quantidadeCreditos: 1,
                    quantidadeDebitos: 2)),
            .init(
                valores: [nil, "2026-02"],
                soma: .init(
                    totalCreditos: Quantia(centavos: 5), totalDebitos: .zero, quantidadeCreditos: 1, quantidadeDebitos: 0)),
        ])

    @Test func `totals are written with their groups and their sum`() {
        let periodo = Periodo(de: Dia(parsing: "2026-01-01")!, ate: Dia(parsing: "2026-02-28")!)!
        let json = String(decoding: TotaisJSON.encode(Self.totais, conta: .abaixoDe(Conta("loja")!), periodo: periodo), as: UTF8.self)
        #expect(
            json == #"{"conta":"loja.*","de":"2026-01-01","ate":"2026-02-28","moeda":"BRL","por":["categoria","mes"],"itens":["#
                + #"{"categoria":"=x","mes":"2026-01","total_creditos":"1.50","total_debitos":"10.00","saldo":"-8.50","#
                + #""quantidade_creditos":1,"quantidade_debitos":2},"#
                + #"{"categoria":null,"mes":"2026-02","total_creditos":"0.05","total_debitos":"0.00","saldo":"0.05","#
                + #""quantidade_creditos":1,"quantidade_debitos":0}],"#
                + #""totais":{"total_creditos":"1.55","total_debitos":"10.00","saldo":"-8.45","quantidade_creditos":2,"quantidade_debitos":2}}"#
        )
        let csv = String(decoding: TotaisCSV.encode(Self.totais, separador: .pontoEVirgula), as: UTF8.self)
        #expect(
            csv == "\u{FEFF}categoria;mes;total_creditos;total_debitos;saldo;quantidade_creditos;quantidade_debitos\r\n"
                + "'=x;2026-01;\"1,50\";\"10,00\";\"-8,50\";1;2\r\n;2026-02;\"0,05\";\"0,00\";\"0,05\";1;0\r\n")
    }

    @Test func `one or two different words are accepted`() throws {
        #expect(try PorParameter.read("mes") == [.mes])
        #expect(try PorParameter.read("categoria,dia") == [.categoria, .dia])
    }

    @Test(arguments: [
        (nil, ErroDeCampo.Codigo.obrigatorio), ("", .valorNaoAceito), ("ano", .valorNaoAceito), ("mes,", .valorNaoAceito),
        ("Mes", .valorNaoAceito), ("mes,mes", .repetido), ("mes,dia,tipo", .tamanho),
    ])
    func `other words are refused`(valor: String?, codigo: ErroDeCampo.Codigo) throws {
        let erros = #expect(throws: ErrosDeCampo.self) { try PorParameter.read(valor) }
        #expect(erros?.erros.map(\.codigo) == [codigo])
        #expect(erros?.erros.map(\.campo) == ["por"])
    }
}
