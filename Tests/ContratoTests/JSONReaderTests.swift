import Contrato
import Testing

@Suite struct JSONReaderTests {
    private func read(_ texto: String) throws(JSONError) -> JSONValue {
        try JSONReader.read(Array(texto.utf8))
    }

    private func falha(_ bytes: [UInt8]) -> JSONError? {
        do throws(JSONError) {
            _ = try JSONReader.read(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("null", JSONValue.null), (" true\r\n\t", .bool(true)), ("false", .bool(false)), ("\"\"", .string("")), ("[]", .array([])),
        ("{}", .object([])),
        ("[ ]", .array([])), ("{ }", .object([])), ("[1, 2]", .array([.number("1"), .number("2")])),
        (#"{"a":{"b":[null]}}"#, .object([JSONMember(name: "a", value: .object([JSONMember(name: "b", value: .array([.null]))]))])),
        (#"{"b":1,"a":2}"#, .object([JSONMember(name: "b", value: .number("1")), JSONMember(name: "a", value: .number("2"))])),
        (#"{"":0}"#, .object([JSONMember(name: "", value: .number("0"))])),
    ])
    func readsValues(texto: String, valor: JSONValue) throws {
        #expect(try read(texto) == valor)
    }

    @Test(arguments: [
        "0", "-0", "1", "-1", "10", "0.0", "1.50", "-1.5", "1e3", "1E3", "1e+3", "1e-3", "0e0", "1.5e10", "99999999999999999999",
    ])
    func keepsNumbersAsText(texto: String) throws {
        #expect(try read(texto) == .number(texto))
        #expect(try read("[\(texto)]") == .array([.number(texto)]))
    }

    @Test(arguments: [
        (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{C}\n\r\tz"), (#""\u0000""#, "\u{0}"), (#""\u00e9\u00E9""#, "\u{E9}\u{E9}"),
        (#""\ud83d\ude00""#, "\u{1F600}"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""\uD7FF\uE000""#, "\u{D7FF}\u{E000}"),
        ("\"é\u{301}😀\"", "é\u{301}😀"),
        ("\"\u{7F}\u{2028}\u{FEFF}\"", "\u{7F}\u{2028}\u{FEFF}"), (#""x\u0041y""#, "xAy"),
        ("\"\u{10000}\u{10FFFF}\u{800}\"", "\u{10000}\u{10FFFF}\u{800}"),
    ])
    func readsStrings(texto: String, esperado: String) throws {
        #expect(try read(texto) == .string(esperado))
    }

    @Test(arguments: [
        ("", JSONError.Motivo.vazio, 0), ("  \n", .vazio, 3), ("\u{FEFF}1", .marcaDeOrdem, 0), ("\u{FEFF}", .marcaDeOrdem, 0),
        (" \u{FEFF}1", .caractereInesperado, 1), ("1 2", .sobra, 2), ("{}x", .sobra, 2), ("null,", .sobra, 4), ("\"a\"\u{0}", .sobra, 3),
        ("[1", .fimInesperado, 2), ("[1,", .fimInesperado, 3), ("[", .fimInesperado, 1), ("{", .fimInesperado, 1),
        (#"{"a"#, .fimInesperado, 3),
        (#"{"a""#, .fimInesperado, 4), (#"{"a":"#, .fimInesperado, 5), (#"{"a":1"#, .fimInesperado, 6), (#"{"a":1,"#, .fimInesperado, 7),
        ("tru", .fimInesperado, 3), ("\"a", .fimInesperado, 2), ("\"\\", .fimInesperado, 2), (#""\u00"#, .fimInesperado, 5),
        ("-", .fimInesperado, 1),
        ("1.", .fimInesperado, 2), ("1e", .fimInesperado, 2), ("1e+", .fimInesperado, 3),
        ("[1,]", .caractereInesperado, 3), ("[,1]", .caractereInesperado, 1), (#"{"a":1,}"#, .caractereInesperado, 7),
        ("{a:1}", .caractereInesperado, 1),
        ("{1:1}", .caractereInesperado, 1), (#"{"a" 1}"#, .caractereInesperado, 5), (#"{"a":1 "b":2}"#, .caractereInesperado, 7),
        ("[1 2]", .caractereInesperado, 3), ("[1}", .caractereInesperado, 2), ("'a'", .caractereInesperado, 0),
        ("True", .caractereInesperado, 0),
        ("trux", .caractereInesperado, 3), ("NaN", .caractereInesperado, 0), ("Infinity", .caractereInesperado, 0),
        ("+1", .caractereInesperado, 0),
        (".5", .caractereInesperado, 0), ("/**/1", .caractereInesperado, 0), ("[1]//", .sobra, 3), ("\u{A0}1", .caractereInesperado, 0),
        ("１", .caractereInesperado, 0), ("[1\u{0}]", .caractereInesperado, 2), ("\u{0}", .caractereInesperado, 0),
        ("01", .numeroInvalido, 1), ("-01", .numeroInvalido, 2), ("00", .numeroInvalido, 1), ("-a", .numeroInvalido, 1),
        ("1.a", .numeroInvalido, 2),
        ("1.e1", .numeroInvalido, 2), ("1e1.5", .sobra, 3), ("1ea", .numeroInvalido, 2), ("[1.]", .numeroInvalido, 3), ("0x10", .sobra, 1),
        ("1_0", .sobra, 1), ("-Infinity", .numeroInvalido, 1),
        ("\"\u{0}\"", .caractereDeControle, 1), ("\"a\n\"", .caractereDeControle, 2), ("\"\u{1F}\"", .caractereDeControle, 1),
        ("\"\t\"", .caractereDeControle, 1), (#""a\x""#, .escapeInvalido, 2), (#""\'""#, .escapeInvalido, 1),
        (#""\U0041""#, .escapeInvalido, 1),
        (#""\u00g0""#, .escapeInvalido, 1), (#""\u+041""#, .escapeInvalido, 1), ("\"\\é\"", .escapeInvalido, 1),
        ("\"\\\n\"", .escapeInvalido, 1),
        (#""\ud800""#, .substitutoSolto, 1), (#""\udc00""#, .substitutoSolto, 1), (#""\ud800\ud800""#, .substitutoSolto, 1),
        (#""\ud800x""#, .substitutoSolto, 1), (#""\ud800\n""#, .substitutoSolto, 1), (#""a\udfff\ud800""#, .substitutoSolto, 2),
        (#""\ud800\u0041""#, .substitutoSolto, 1), (#"{"\ud800":1}"#, .substitutoSolto, 2), (#""\ud800\u00zz""#, .escapeInvalido, 7),
        (#"{"a":1,"a":2}"#, .nomeRepetido, 7), (#"{"a":1,"\u0061":2}"#, .nomeRepetido, 7), (#"{"":1,"":2}"#, .nomeRepetido, 6),
        (#"[{"x":{"a":1,"b":2,"a":3}}]"#, .nomeRepetido, 19),
    ])
    func refuses(texto: String, motivo: JSONError.Motivo, posicao: Int) {
        #expect(falha(Array(texto.utf8)) == JSONError(posicao: posicao, motivo: motivo))
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x20], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
            [0xE2, 0x82, 0x20],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]])
    func refusesWhatIsNotUTF8(bytes: [UInt8]) {
        let invalido = JSONError(posicao: 2, motivo: .utf8Invalido)
        #expect(falha(Array("\"a".utf8) + bytes + Array("\"".utf8)) == invalido)
        #expect(falha(Array("\"a".utf8) + bytes) == invalido)
        #expect(falha(Array("[ ".utf8) + bytes + Array("]".utf8)) == invalido)
        #expect(falha(Array("{\"".utf8) + bytes + Array("\":1}".utf8)) == JSONError(posicao: 2, motivo: .utf8Invalido))
    }

    @Test func countsNestingOfBothKinds() throws {
        func aninhado(_ niveis: Int, _ abre: String, _ fecha: String) -> String {
            String(repeating: abre, count: niveis) + "0" + String(repeating: fecha, count: niveis)
        }
        _ = try read(aninhado(16, "[", "]"))
        _ = try read(aninhado(16, #"{"a":"#, "}"))
        #expect(falha(Array(aninhado(17, "[", "]").utf8)) == JSONError(posicao: 16, motivo: .profundidade))
        #expect(falha(Array(aninhado(17, #"{"a":"#, "}").utf8)) == JSONError(posicao: 80, motivo: .profundidade))
        #expect(falha(Array(repeating: UInt8(ascii: "["), count: 1 << 20))?.motivo == .profundidade)
        // Depth, not number: siblings do not add up.
        _ = try read("[" + Array(repeating: "[[]]", count: 100).joined(separator: ",") + "]")
    }

    @Test func comparesNamesByBytesOnly() throws {
        #expect(
            try read("{\"\u{E9}\":1,\"e\u{301}\":2}")
                == .object([.init(name: "\u{E9}", value: .number("1")), .init(name: "e\u{301}", value: .number("2"))]))
        #expect(try read("{\"K\":1,\"\u{212A}\":2}")["\u{212A}"] == .number("2"))
    }

    @Test(arguments: [2, 15, 16, 17, 18, 40, 5000])
    func findsARepeatedNameAmongMany(quantos: Int) throws {
        let nomes = (0..<quantos).map { "\"n\($0)\":0" }
        _ = try read("{\(nomes.joined(separator: ","))}")
        for repetido in [0, quantos / 2, quantos - 1] {
            let texto = "{\((nomes + [nomes[repetido]]).joined(separator: ","))}"
            #expect(falha(Array(texto.utf8))?.motivo == .nomeRepetido)
        }
    }

    /// One "character" of a million combining marks, as a name and as a text, by bytes all the way.
    @Test func aGraphemeOfAMegabyteIsLikeAnyText() throws {
        let monstro = "a" + String(repeating: "\u{301}\u{327}", count: 1 << 18)
        let lido = try read("{\"\(monstro)\":\"\(monstro)\",\"\(monstro)x\":1}")
        guard case .object(let membros) = lido else {
            Issue.record("not an object")
            return
        }
        #expect(membros.count == 2)
        #expect(membros[0].name.utf8.elementsEqual(monstro.utf8))
        #expect(membros[0].value == .string(monstro))
        #expect(falha(Array("{\"\(monstro)\":1,\"\(monstro)\":2}".utf8))?.motivo == .nomeRepetido)
    }

    @Test func readsAPartOfALargerText() throws {
        let bytes = Array("xx[1]yy".utf8)
        #expect(try JSONReader.read(bytes[2..<5]) == .array([.number("1")]))
        #expect(throws: JSONError(posicao: 2, motivo: .fimInesperado)) { try JSONReader.read(bytes[2..<4]) }
    }

    @Test func itsMessagesHoldNothingOfWhatWasSent() {
        for motivo in JSONError.Motivo.allCases {
            #expect(JSONError(posicao: 7, motivo: motivo).mensagem.hasPrefix("JSON ilegível no byte 7: "))
        }
        #expect(falha(Array("{\"segredo\":segredo}".utf8))?.description.contains("segredo") == false)
    }
}
