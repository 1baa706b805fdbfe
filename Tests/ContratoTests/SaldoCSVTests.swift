import Contrato
import FluxoDeCaixa
import Testing

@Suite struct SaldoCSVTests {
    private static let dia = Dia(parsing: "2026-11-24")!

    private static func saldo(_ conta: String) -> SaldoDiario {
        var movimento = MovimentoDoDia(
            data: dia, totalCreditos: Quantia(centavos: 1000), totalDebitos: Quantia(centavos: 2230), quantidadeCreditos: 1,
            quantidadeDebitos: 2)
        movimento.transferenciasSaida = Quantia(centavos: 20)
        return SaldoDiario(conta: conta, saldoInicial: .zero, movimento: movimento, versao: 7)
    }

    @Test func `a day is a row`() {
        #expect(
            String(decoding: SaldoCSV.encode([Self.saldo("loja42.*")], separador: .virgula), as: UTF8.self) == """
                conta,data,moeda,saldo_inicial,total_creditos,total_debitos,transferencias_entrada,transferencias_saida,saldo_do_dia,\
                saldo_final,quantidade_creditos,quantidade_debitos,versao,atualizado_em\r
                loja42.*,2026-11-24,BRL,0.00,10.00,22.30,0.00,0.20,-12.30,-12.30,1,2,7,\r

                """
        )
    }

    @Test func `Brazilian spreadsheets can open it`() {
        let csv = String(decoding: SaldoCSV.encode([Self.saldo("a")], separador: .pontoEVirgula), as: UTF8.self)
        #expect(
            csv.hasSuffix(
                "\r\na;2026-11-24;BRL;\"0,00\";\"10,00\";\"22,30\";\"0,00\";\"0,20\";\"-12,30\";\"-12,30\";1;2;7;\r\n"))
    }

    /// The columns are the JSON members, in their order.
    @Test func `columns are the members of the JSON`() throws {
        guard case .object(let members) = try JSONReader.read(SaldoJSON.encode(Self.saldo("a"))) else {
            Issue.record("no object")
            return
        }
        #expect(members.map(\.name) == SaldoCSV.colunas)
    }

    @Test(arguments: [
        ("loja42.caixa", "consolidado-loja42.caixa-2026-11-24.csv"), ("loja42.*", "consolidado-loja42.todas-2026-11-24.csv"),
        ("*", "consolidado-todas-2026-11-24.csv"),
    ])
    func `the file has a plain name`(conta: String, nome: String) {
        #expect(SaldoCSV.nomeDoArquivo(conta: conta, de: Self.dia, ate: Self.dia) == nome)
    }

    @Test func `a period is in the file name`() {
        let nome = SaldoCSV.nomeDoArquivo(conta: "a", de: Self.dia, ate: Dia(parsing: "2026-11-30")!)
        #expect(nome == "consolidado-a-2026-11-24-a-2026-11-30.csv")
    }

    @Test func `the list of accounts is as published`() {
        let conta = ResumoDeConta(
            conta: Conta("loja42.caixa")!, saldo: Quantia(centavos: -1230), primeiraData: Self.dia, ultimaData: Self.dia, quantidade: 3,
            versao: 2)
        #expect(
            String(decoding: ResumoDeContaJSON.encode([conta], proximo: "x"), as: UTF8.self) == """
                {"itens":[{"conta":"loja42.caixa","moeda":"BRL","saldo":"-12.30","primeira_data":"2026-11-24","ultima_data":"2026-11-24",\
                "quantidade":3,"versao":2}],"proximo":"x"}
                """
        )
        #expect(String(decoding: ResumoDeContaJSON.encode([], proximo: nil), as: UTF8.self) == #"{"itens":[],"proximo":null}"#)
    }
}
