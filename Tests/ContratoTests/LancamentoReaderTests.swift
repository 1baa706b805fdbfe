import Contrato
import FluxoDeCaixa
import Testing

@Suite struct LancamentoReaderTests {
    private static let minimo = [("conta", "\"loja42\""), ("tipo", "\"credito\""), ("valor", "\"150.75\"")]
    private let hoje: Dia

    init() throws {
        hoje = try #require(Dia(parsing: "2026-11-24"))
    }

    /// The smallest entry with these members added, or removed where `nil`.
    private func documento(_ mudancas: [(String, String?)]) -> String {
        let mantidos = LancamentoReaderTests.minimo.filter { membro in !mudancas.contains { $0.0 == membro.0 } }
        let membros = mantidos + mudancas.compactMap { nome, valor in valor.map { (nome, $0) } }
        return "{\(membros.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ","))}"
    }

    private func read(
        _ mudancas: [(String, String?)],
        chave: LancamentoReader.ChaveMember = .refused
    ) throws -> Result<NovoLancamento, LancamentoRecusado> {
        try ler(documento(mudancas), chave: chave)
    }

    private func ler(_ texto: String, chave: LancamentoReader.ChaveMember = .refused) throws -> Result<NovoLancamento, LancamentoRecusado> {
        LancamentoReader(janela: JanelaDeDatas(hoje: hoje), chave: chave).read(try JSONReader.read(Array(texto.utf8)))
    }

    private func recusa(_ resultado: Result<NovoLancamento, LancamentoRecusado>) -> LancamentoRecusado? {
        if case .failure(let recusa) = resultado { recusa } else { nil }
    }

    private func pares(_ resultado: Result<NovoLancamento, LancamentoRecusado>) -> [String] {
        recusa(resultado)?.erros.map { "\($0.campo) \($0.codigo.rawValue)" } ?? []
    }

    // MARK: Accepted

    @Test func `the smallest entry is read`() throws {
        let novo = try read([]).get()
        #expect(novo.conta.nome == "loja42")
        #expect(novo.tipo == .credito)
        #expect(novo.valor.centavos == 15075)
        #expect(novo.data == nil)
        #expect(novo.natureza == .operacional)
        #expect(novo.metadados.isEmpty)
        #expect(novo.chave == nil)
    }

    @Test func `an entry with every member is read`() throws {
        let novo = try read([
            ("tipo", "\"debito\""), ("valor", "0.01"), ("data", "\"2016-11-24\""), ("moeda", "\"BRL\""), ("natureza", "\"transferencia\""),
            ("descricao", "\"Água e luz\""), ("categoria", "\"casa\""), ("referencia", "\"NF 1\""), ("metadados", #"{"b":"2","a":"1"}"#),
        ]).get()
        #expect(novo.tipo == .debito)
        #expect(novo.valor.centavos == 1)
        #expect(novo.data == Dia(parsing: "2016-11-24"))
        #expect(novo.natureza == .transferencia)
        #expect(novo.descricao == "Água e luz")
        #expect(novo.categoria == "casa")
        #expect(novo.referencia == "NF 1")
        #expect(novo.metadados.itens.map(\.nome) == ["a", "b"])
    }

    @Test(arguments: ["data", "moeda", "natureza", "descricao", "categoria", "referencia", "metadados", "chave"])
    func `null equals absence`(membro: String) throws {
        #expect(try read([(membro, "null")], chave: .accepted).get() == read([]).get())
    }

    @Test func `different spellings have the same content`() throws {
        let simples = try read([("valor", "10")]).get().conteudoNormalizado
        let outras: [[(String, String?)]] = [
            [("valor", "\"10.00\"")], [("valor", "10.0")], [("valor", "10"), ("moeda", "\"BRL\"")],
            [("valor", "10"), ("natureza", "\"operacional\"")],
            [("valor", "10"), ("metadados", "{}")], [("valor", "10"), ("chave", "\"k\"")],
        ]
        for outra in outras {
            #expect(try read(outra, chave: .accepted).get().conteudoNormalizado == simples)
        }
        #expect(try read([("valor", "10"), ("data", "\"2026-11-24\"")]).get().conteudoNormalizado != simples)
    }

    @Test func `lengths count Unicode scalars`() throws {
        for (membro, maximo) in [("descricao", 200), ("categoria", 64), ("referencia", 128)] {
            for escalar in ["a", "é", "😀", "\u{301}"] {
                #expect(pares(try read([(membro, "\"\(String(repeating: escalar, count: maximo))\"")])).isEmpty)
                #expect(pares(try read([(membro, "\"\(String(repeating: escalar, count: maximo + 1))\"")])) == ["\(membro) tamanho"])
            }
            #expect(pares(try read([(membro, "\"\"")])).isEmpty)
        }
    }

    // MARK: Refused

    @Test(arguments: [
        ("conta", "null", "obrigatorio"), ("conta", "1", "tipo_invalido"), ("conta", "[]", "tipo_invalido"), ("conta", "\"\"", "formato"),
        ("conta", "\".\"", "formato"), ("conta", "\"a..b\"", "formato"), ("conta", "\"-1+1\"", "formato"), ("conta", "\"a.*\"", "formato"),
        ("conta", "\"a\\u0000\"", "formato"), ("conta", "\"ａ\"", "formato"), ("conta", "\"ação\"", "formato"),
        ("tipo", "null", "obrigatorio"), ("tipo", "1", "tipo_invalido"), ("tipo", "true", "tipo_invalido"),
        ("tipo", "\"CREDITO\"", "valor_nao_aceito"),
        ("tipo", "\"crédito\"", "valor_nao_aceito"), ("tipo", "\"\"", "valor_nao_aceito"), ("tipo", "\"credito \"", "valor_nao_aceito"),
        ("tipo", "\"credito\\u0301\"", "valor_nao_aceito"),
        ("valor", "null", "obrigatorio"), ("valor", "true", "tipo_invalido"), ("valor", "[]", "tipo_invalido"),
        ("valor", "{}", "tipo_invalido"),
        ("valor", "\"\"", "formato"), ("valor", "1e3", "formato"), ("valor", "\"1e3\"", "formato"), ("valor", "\"007.50\"", "formato"),
        ("valor", "\"10,50\"", "formato"), ("valor", "\"１０.００\"", "formato"), ("valor", "\"١٠\"", "formato"),
        ("valor", "\" 10\"", "formato"),
        ("valor", "1.234", "formato"), ("valor", "1.000", "formato"), ("valor", "\"+1\"", "formato"), ("valor", "\"R$ 1\"", "formato"),
        ("valor", "\"1\\u0000\"", "formato"), ("valor", "\"--1\"", "formato"), ("valor", "\"1.\"", "formato"),
        ("valor", "\"-\"", "formato"),
        ("valor", "0", "fora_do_intervalo"), ("valor", "\"0.00\"", "fora_do_intervalo"), ("valor", "-0", "fora_do_intervalo"),
        ("valor", "-1", "fora_do_intervalo"), ("valor", "\"-10.50\"", "fora_do_intervalo"), ("valor", "10000000000", "fora_do_intervalo"),
        ("valor", "12345678901234567890", "fora_do_intervalo"), ("valor", "\"99999999999999999999.99\"", "fora_do_intervalo"),
        ("data", "20261124", "tipo_invalido"), ("data", "\"\"", "formato"), ("data", "\"24/11/2026\"", "formato"),
        ("data", "\"2026-02-30\"", "formato"),
        ("data", "\"2026-11-24T00:00:00Z\"", "formato"), ("data", "\"２０２６-11-24\"", "formato"), ("data", "\"0000-01-01\"", "formato"),
        ("data", "\"2026-11-26\"", "fora_do_intervalo"), ("data", "\"2016-11-23\"", "fora_do_intervalo"),
        ("data", "\"9999-12-31\"", "fora_do_intervalo"),
        ("moeda", "\"USD\"", "valor_nao_aceito"), ("moeda", "\"brl\"", "valor_nao_aceito"), ("moeda", "1", "tipo_invalido"),
        ("natureza", "\"outra\"", "valor_nao_aceito"), ("natureza", "{}", "tipo_invalido"),
        ("descricao", "1", "tipo_invalido"), ("descricao", "\"a\\u0000b\"", "caractere_proibido"), ("categoria", "false", "tipo_invalido"),
        ("categoria", "\"\\u0000\"", "caractere_proibido"), ("referencia", "[]", "tipo_invalido"),
        ("referencia", "\"\\u0000\"", "caractere_proibido"),
        ("metadados", "[]", "tipo_invalido"), ("metadados", "\"a\"", "tipo_invalido"),
        ("chave", "\"k\"", "desconhecido"), ("chave", "null", "desconhecido"), ("id", "\"x\"", "desconhecido"),
        ("Conta", "\"x\"", "desconhecido"),
        ("vaalor", "1", "desconhecido"), ("valor\\u0301", "1", "desconhecido"), ("vaalor", "null", "desconhecido"),
    ])
    func `a wrong member is refused with its code`(membro: String, valor: String, codigo: String) throws {
        let resultado = try read([(membro, valor)])
        let campo = membro == "valor\\u0301" ? "valor\u{301}" : membro
        #expect(pares(resultado) == ["\(campo) \(codigo)"])
        #expect(recusa(resultado)?.erros.allSatisfy { $0.mensagem.hasSuffix(".") } == true)
        #expect(recusa(resultado)?.conta?.nome == (membro == "conta" ? nil : "loja42"))
    }

    @Test func `missing members are refused`() throws {
        #expect(pares(try ler("{}")) == ["conta obrigatorio", "tipo obrigatorio", "valor obrigatorio"])
        #expect(recusa(try ler("{}"))?.conta == nil)
    }

    @Test(arguments: ["null", "[]", "1", "\"a\"", "true", "[{}]"])
    func `what is no object is refused`(texto: String) throws {
        #expect(pares(try ler(texto)) == ["corpo tipo_invalido"])
    }

    @Test func `every fault is named at once in a fixed order`() throws {
        let resultado = try ler(
            """
            {"z":1,"metadados":{"m":1,"n":null},"referencia":1,"categoria":1,"descricao":1,"natureza":1,"moeda":1,"data":1,\
            "valor":true,"tipo":1,"conta":1}
            """
        )
        #expect(
            pares(resultado) == [
                "conta tipo_invalido", "tipo tipo_invalido", "valor tipo_invalido", "data tipo_invalido", "moeda tipo_invalido",
                "natureza tipo_invalido", "descricao tipo_invalido", "categoria tipo_invalido", "referencia tipo_invalido",
                "metadados.m tipo_invalido", "metadados.n tipo_invalido", "z desconhecido",
            ]
        )
    }

    @Test func `a text may have two faults`() throws {
        let longo = String(repeating: "\\u0000", count: 201)
        #expect(pares(try read([("descricao", "\"\(longo)\"")])) == ["descricao tamanho", "descricao caractere_proibido"])
    }

    @Test(arguments: [
        (#"{"a":1}"#, ["metadados.a tipo_invalido"]), (#"{"a":null}"#, ["metadados.a tipo_invalido"]),
        (#"{"a":{}}"#, ["metadados.a tipo_invalido"]),
        (#"{"a":"\u0000"}"#, ["metadados.a caractere_proibido"]), (#"{"":true}"#, ["metadados. tipo_invalido"]),
        (#"{"a.b":1}"#, ["metadados.a.b tipo_invalido"]),
    ])
    func `wrong metadata are refused`(metadados: String, erros: [String]) throws {
        #expect(pares(try read([("metadados", metadados)])) == erros)
    }

    @Test func `metadata are bounded`() throws {
        func itens(_ quantos: Int) -> String { (0..<quantos).map { "\"n\($0)\":\"v\"" }.joined(separator: ",") }
        #expect(try read([("metadados", "{\(itens(16))}")]).get().metadados.itens.count == 16)
        #expect(pares(try read([("metadados", "{\(itens(17))}")])) == ["metadados tamanho"])
        let cheio = String(repeating: "é", count: 2046)
        #expect(try read([("metadados", "{\"nome\":\"\(cheio)\"}")]).get().metadados.itens.count == 1)
        #expect(pares(try read([("metadados", "{\"nome5\":\"\(cheio)\"}")])) == ["metadados tamanho"])
    }

    @Test func `U+0000 in a name of the metadata is found`() throws {
        #expect(pares(try read([("metadados", #"{"\u0000":"a"}"#)])) == ["metadados.\u{0} caractere_proibido"])
    }

    /// The answer stays small for any number of unknown names and counts them.
    @Test func `the number of faults in an answer is bounded`() throws {
        let desconhecidos = (0..<5000).map { ("x\($0)", Optional("1")) }
        let erros = try #require(recusa(try read(desconhecidos))).erros
        #expect(erros.count == 32)
        #expect(erros.allSatisfy { $0.codigo == .desconhecido })
        #expect(erros.last?.mensagem == "Membro desconhecido. Há mais 4968 erros como este.")

        let itens = (0..<5000).map { "\"x\($0)\":1" }.joined(separator: ",")
        let dosMetadados = try #require(recusa(try read([("metadados", "{\(itens)}"), ("tipo", "1"), ("z", "1")]))).erros
        #expect(dosMetadados.count == 34)
        #expect(dosMetadados.first?.campo == "tipo")
        #expect(dosMetadados[1] == ErroDeCampo(campo: "metadados", codigo: .tamanho, mensagem: "Deve ter no máximo 16 nomes."))
        #expect(dosMetadados.last?.campo == "z")
    }

    @Test func `long names are truncated`() throws {
        let longo = String(repeating: "é", count: 1000)
        let campo = try #require(recusa(try read([(longo, "1")]))?.erros.first?.campo)
        #expect(campo == String(repeating: "é", count: 63) + "…")
        #expect(pares(try read([("metadados", "{\"\(longo)\":1}")])) == ["metadados.\(campo) tipo_invalido"])
    }

    /// A grapheme of a million combining marks in place of every text.
    @Test func `combining marks by the megabyte are refused in every place`() throws {
        let monstro = "a" + String(repeating: "\u{301}", count: 1 << 19)
        let texto = "\"\(monstro)\""
        let resultado = try ler(
            """
            {"conta":\(texto),"tipo":\(texto),"valor":\(texto),"data":\(texto),"moeda":\(texto),"natureza":\(texto),"descricao":\(texto),\
            "categoria":\(texto),"referencia":\(texto),"metadados":{\(texto):\(texto)},"chave":\(texto),\(texto):\(texto)}
            """,
            chave: .accepted
        )
        let recusado = try #require(recusa(resultado))
        #expect(
            recusado.erros.map(\.codigo.rawValue) == [
                "formato", "valor_nao_aceito", "formato", "formato", "valor_nao_aceito", "valor_nao_aceito", "tamanho", "tamanho",
                "tamanho", "tamanho",
                "desconhecido",
            ]
        )
        #expect(recusado.erros.allSatisfy { $0.campo.utf8.count < 200 && $0.mensagem.utf8.count < 300 })
        #expect(recusado.chave == .malformada)
    }

    // MARK: Key

    @Test func `an entry of a lote contains its key`() throws {
        #expect(try read([("chave", "\"k-1\"")], chave: .accepted).get().chave?.texto == "k-1")
        // Literal, as `message_id`: quotes are part of the key.
        #expect(try read([("chave", #""\"k\"""#)], chave: .accepted).get().chave?.texto == "\"k\"")
    }

    @Test(arguments: ["", " ", "a b", "é", "a\\u0000", String(repeating: "k", count: 129)])
    func `a malformed key is reported apart from other faults`(chave: String) throws {
        let so = try #require(recusa(try read([("chave", "\"\(chave)\"")], chave: .accepted)))
        #expect(so.chave == .malformada)
        #expect(so.erros.isEmpty)
        #expect(so.conta?.nome == "loja42")
        let comOutro = try #require(recusa(try read([("chave", "\"\(chave)\""), ("tipo", "1")], chave: .accepted)))
        #expect(comOutro.chave == .malformada)
        #expect(comOutro.erros.map(\.campo) == ["tipo"])
    }

    @Test func `a key that is no text is a fault of form`() throws {
        let resultado = try read([("chave", "1")], chave: .accepted)
        #expect(pares(resultado) == ["chave tipo_invalido"])
        #expect(recusa(resultado)?.chave == .deOutroTipo)
    }

    @Test func `a refusal contains the key`() throws {
        #expect(recusa(try read([("chave", "\"k\""), ("tipo", "1")], chave: .accepted))?.chave.valor == Chave(literal: "k"))
        #expect(recusa(try read([("tipo", "1")], chave: .accepted))?.chave == .ausente)
    }

    @Test func `its description repeats nothing of the entry`() throws {
        let recusado = try #require(recusa(try read([("segredo", "\"segredo\""), ("tipo", "\"segredo\"")])))
        #expect(!recusado.description.contains("segredo"))
    }
}
