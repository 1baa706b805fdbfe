import Contrato
import Edge
import FluxoDeCaixa
import SeededRandom
import Testing

@testable import Consolidado
@testable import Documents

/// The members of entries and balances, and what each accepts: as the code reads and writes them.
@Suite struct EntryTests {
    // MARK: - What is read

    @Test func `members that are read are those documented`() throws {
        #expect(try Documented.schema("LancamentoNovo")["properties"]?.names == LancamentoReader.membros(.refused))
        #expect(try Documented.schema("LancamentoDeLote")["properties"]?.names == LancamentoReader.membros(.accepted))
        #expect(try Documented.schema("PedidoDeEstorno")["properties"]?.names == PedidoDeEstornoReader.membros)
        for name in ["LancamentoNovo", "LancamentoDeLote", "PedidoDeEstorno"] {
            #expect(try Documented.schema(name)["additionalProperties"] == .bool(false))
        }
    }

    @Test func `a lote's entry is an entry with a key`() throws {
        let (one, many) = (try Documented.schema("LancamentoNovo"), try Documented.schema("LancamentoDeLote"))
        #expect(one["required"] == many["required"])
        for member in try #require(one["properties"]).members { #expect(many["properties"]?[member.name] == member.value) }
    }

    @Test func `what is required is what the reader misses`() throws {
        let reader = LancamentoReader(janela: JanelaDeDatas(hoje: try #require(Dia(parsing: "2026-11-24"))), chave: .refused)
        guard case .failure(let recusa) = reader.read(.object([])) else {
            Issue.record("an empty entry was read")
            return
        }
        #expect(try Documented.schema("LancamentoNovo")["required"]?.texts == recusa.erros.map(\.campo))
        #expect(recusa.erros.allSatisfy { $0.codigo == .obrigatorio })
    }

    @Test func `limits are the code's`() throws {
        for name in ["LancamentoNovo", "Lancamento"] {
            let members = try #require(try Documented.schema(name)["properties"])
            #expect(members["descricao"]?["maxLength"]?.integer == NovoLancamento.descricaoMaximaEmEscalares)
            #expect(members["categoria"]?["maxLength"]?.integer == NovoLancamento.categoriaMaximaEmEscalares)
            #expect(members["referencia"]?["maxLength"]?.integer == NovoLancamento.referenciaMaximaEmEscalares)
            #expect(members["metadados"]?["maxProperties"]?.integer == Metadados.quantidadeMaxima)
        }
        let metadados = try Documented.schema("LancamentoNovo")["properties"]?["metadados"]?["description"]?.text
        #expect(metadados?.contains("\(Metadados.tamanhoMaximoEmBytes) bytes") == true)
        #expect(
            try Documented.schema("PedidoDeEstorno")["properties"]?["descricao"]?["maxLength"]?.integer
                == NovoLancamento.descricaoMaximaEmEscalares)
        let number = try #require(try Documented.schema("ValorNovo")["anyOf"]?.elements.last)
        #expect(number["maximum"] == .number(try #require(Valor(centavos: Valor.maximoEmCentavos)).description))
        #expect(number["minimum"] == .number(try #require(Valor(centavos: 1)).description))
        #expect(
            try Documented.schema("SaldoDoPeriodo", .consolidado)["properties"]?["dias"]?["maxItems"]?.integer
                == DateParameters.periodoMaximoEmDias)
    }

    @Test func `limits of parameters are the code's`() throws {
        for (service, path) in [(PublishedDocument.Service.lancamentos, "/v1/lancamentos"), (.consolidado, "/v1/contas")] {
            let operation = try #require(try Documented.openAPI(service).value["paths"]?[path]?["get"])
            let limite = try #require(operation["parameters"]?.elements.first { $0["name"]?.text == "limite" }?["schema"])
            #expect(limite["minimum"]?.integer == LimiteParameter.accepted.lowerBound)
            #expect(limite["maximum"]?.integer == LimiteParameter.accepted.upperBound)
            #expect(limite["default"]?.integer == LimiteParameter.standard)
        }
        let apos = try #require(try Documented.openAPI(.consolidado).value["components"]?["parameters"]?["Apos"]?["schema"])
        #expect(apos["maxItems"]?.integer == AposParameter.idsMax)
    }

    @Test func `words are the code's`() throws {
        #expect(try Documented.schema("Tipo")["enum"]?.texts == Tipo.allCases.map(\.rawValue))
        #expect(try Documented.schema("Natureza")["enum"]?.texts == Natureza.allCases.map(\.rawValue))
        let entrada = try #require(try Documented.schema("LancamentoNovo")["properties"])
        #expect(entrada["natureza"]?["oneOf"] == Self.nullable("Natureza"))
        #expect(entrada["moeda"]?["oneOf"] == Self.nullable("Moeda"))
        #expect(try Documented.schema("Moeda")["enum"]?.texts == [LancamentoJSON.moeda])
        #expect(try Documented.schema("Canal")["enum"]?.texts == Canal.allCases.map(\.rawValue))
        let saida = try #require(try Documented.schema("Lancamento")["properties"])
        for (member, name) in [("moeda", "Moeda"), ("natureza", "Natureza"), ("canal", "Canal")] {
            #expect(saida[member] == Self.reference(name))
        }
        for service in PublishedDocument.Service.allCases {
            let separador = try #require(try Documented.openAPI(service).value["components"]?["parameters"]?["Separador"])
            #expect(separador["schema"]?["enum"]?.texts == CSVWriter.Separador.allCases.map(\.rawValue))
        }
    }

    private static func reference(_ name: String) -> JSONValue {
        .object([JSONMember(name: "$ref", value: .string("#/components/schemas/\(name)"))])
    }

    /// A named schema or null, in the one form that the documents have.
    private static func nullable(_ name: String) -> JSONValue {
        .array([self.reference(name), .object([JSONMember(name: "type", value: .string("null"))])])
    }

    // MARK: - Patterns, against the code that they stand for

    private static let seed: UInt64 = 0x5EC5

    /// Texts over an alphabet in which much is nearly right.
    private static func texts(_ alphabet: String, lengths: ClosedRange<Int>, count: Int = 4000) -> [String] {
        var random = SeededGenerator(seed: self.seed)
        let letters = Array(alphabet.unicodeScalars)
        return (0..<count).map { _ in
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: lengths, using: &random) { text.append(letters.randomElement(using: &random)!) }
            return String(text)
        }
    }

    /// What a schema asks of a text by `pattern`, `minLength`, `maxLength` and `not`. Made once for many texts: reading a pattern costs far
    /// more than matching it.
    private struct TextRule {
        private let accepts: (String) -> Bool

        init(_ schema: JSONValue) throws {
            let (least, most) = (schema["minLength"]?.integer ?? 0, schema["maxLength"]?.integer ?? .max)
            let pattern = try schema["pattern"]?.text.map { try Regex($0).matchingSemantics(.unicodeScalar) }
            let excluded = try schema["not"].map { try TextRule($0) }
            self.accepts = { text in
                (least...most).contains(text.unicodeScalars.count) && pattern.map { text.firstMatch(of: $0) != nil } ?? true
                    && excluded?(text) != true
            }
        }

        func callAsFunction(_ text: String) -> Bool { self.accepts(text) }
    }

    private static func accepts(_ schema: JSONValue, _ text: String) throws -> Bool {
        try TextRule(schema)(text)
    }

    private static func compare(_ schema: JSONValue, _ texts: [String], with code: (String) -> Bool) throws {
        let rule = try TextRule(schema)
        var accepted = 0
        for text in texts {
            let expected = code(text)
            if expected { accepted += 1 }
            let documented = rule(text)
            if documented != expected {
                Issue.record("documented \(documented), in the code \(expected): \(text.debugDescription)")
                return
            }
        }
        #expect(accepted > texts.count / 200 && accepted < texts.count, "too one-sided to show anything: \(accepted)")
    }

    @Test func `an account is as documented`() throws {
        let schema = try Documented.schema("Conta")
        try Self.compare(schema, Self.texts("aZ0_-.é \n", lengths: 0...4) + Self.texts("ab.-", lengths: 60...66)) { Conta($0) != nil }
        #expect(try Self.accepts(schema, String(repeating: "a", count: Conta.comprimentoMaximoEmCaracteres)))
        #expect(try !Self.accepts(schema, String(repeating: "a", count: Conta.comprimentoMaximoEmCaracteres + 1)))
    }

    @Test func `an account pattern is as documented`() throws {
        let schema = try Documented.schema("FiltroDeConta")
        let texts = Self.texts("a0-.*", lengths: 0...5) + Self.texts("ab.", lengths: 62...66).flatMap { [$0, $0 + ".*"] }
        try Self.compare(schema, texts) { FiltroDeConta(parsing: $0) != nil }
    }

    @Test func `a key is as documented`() throws {
        let literal = try Documented.schema("Chave")
        try Self.compare(literal, Self.texts("a!~ \"\u{7F}é", lengths: 0...3) + Self.texts("a~", lengths: 120...136)) {
            Chave(literal: $0) != nil
        }
        let header = try #require(try Documented.openAPI(.lancamentos).value["components"]?["parameters"]?["IdempotencyKey"]?["schema"])
        // White space around a field's value is no part of it, so what reaches the server never has any.
        let quoted = Self.texts("a!~\\\"", lengths: 0...5) + Self.texts("ab\\", lengths: 120...132).map { "\"\($0)\"" }
        try Self.compare(header, quoted) { Chave(cabecalho: $0) != nil }
    }

    @Test func `an amount is as documented`() throws {
        let schema = try #require(try Documented.schema("ValorNovo")["anyOf"]?.elements.first)
        let texts = Self.texts("0159.", lengths: 0...6) + Self.texts("09.", lengths: 9...13) + Self.texts("1.e-+, ", lengths: 1...4)
        try Self.compare(schema, texts) { Valor(parsing: $0) != nil }
    }

    @Test func `money of balances is as documented`() throws {
        let schema = try Documented.schema("Dinheiro", .consolidado)
        for centavos: Int128 in [0, 1, 9, 10, 99, 100, 101, 1230, 999_999_999_999_999_999_999] {
            for quantia in [Quantia(centavos: centavos), Quantia(centavos: -centavos)] {
                #expect(try Self.accepts(schema, quantia.description), "\(quantia)")
            }
        }
        for text in ["-0.00", "00.10", "-00.10", "1", "1.0", "+1.00", "1,00", "", "-.10"] {
            #expect(try !Self.accepts(schema, text), "\(text)")
        }
    }

    @Test func `U+0000 is refused by pattern`() throws {
        let members = try #require(try Documented.schema("LancamentoNovo")["properties"])
        for name in ["descricao", "categoria", "referencia"] {
            let pattern = try Regex(try #require(members[name]?["pattern"]?.text)).matchingSemantics(.unicodeScalar)
            #expect("açaí\n😀".contains(pattern) && !"a\0".contains(pattern) && !"\0".contains(pattern), "\(name)")
        }
    }
}
