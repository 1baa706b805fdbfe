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
    func `values are read`(texto: String, valor: JSONValue) throws {
        #expect(try read(texto) == valor)
    }

    @Test(arguments: [
        "0", "-0", "1", "-1", "10", "0.0", "1.50", "-1.5", "1e3", "1E3", "1e+3", "1e-3", "0e0", "1.5e10", "99999999999999999999",
    ])
    func `numbers are kept as text`(texto: String) throws {
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
    func `strings are read with their escapes`(texto: String, esperado: String) throws {
        #expect(try read(texto) == .string(esperado))
    }

    @Test(arguments: [
        ("", JSONError.Reason.empty, 0), ("  \n", .empty, 3), ("\u{FEFF}1", .byteOrderMark, 0), ("\u{FEFF}", .byteOrderMark, 0),
        (" \u{FEFF}1", .unexpectedCharacter, 1), ("1 2", .trailingBytes, 2), ("{}x", .trailingBytes, 2), ("null,", .trailingBytes, 4),
        ("\"a\"\u{0}", .trailingBytes, 3),
        ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3), ("[", .unexpectedEnd, 1), ("{", .unexpectedEnd, 1),
        (#"{"a"#, .unexpectedEnd, 3),
        (#"{"a""#, .unexpectedEnd, 4), (#"{"a":"#, .unexpectedEnd, 5), (#"{"a":1"#, .unexpectedEnd, 6), (#"{"a":1,"#, .unexpectedEnd, 7),
        ("tru", .unexpectedEnd, 3), ("\"a", .unexpectedEnd, 2), ("\"\\", .unexpectedEnd, 2), (#""\u00"#, .unexpectedEnd, 5),
        ("-", .unexpectedEnd, 1),
        ("1.", .unexpectedEnd, 2), ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3),
        ("[1,]", .unexpectedCharacter, 3), ("[,1]", .unexpectedCharacter, 1), (#"{"a":1,}"#, .unexpectedCharacter, 7),
        ("{a:1}", .unexpectedCharacter, 1),
        ("{1:1}", .unexpectedCharacter, 1), (#"{"a" 1}"#, .unexpectedCharacter, 5), (#"{"a":1 "b":2}"#, .unexpectedCharacter, 7),
        ("[1 2]", .unexpectedCharacter, 3), ("[1}", .unexpectedCharacter, 2), ("'a'", .unexpectedCharacter, 0),
        ("True", .unexpectedCharacter, 0),
        ("trux", .unexpectedCharacter, 3), ("NaN", .unexpectedCharacter, 0), ("Infinity", .unexpectedCharacter, 0),
        ("+1", .unexpectedCharacter, 0),
        (".5", .unexpectedCharacter, 0), ("/**/1", .unexpectedCharacter, 0), ("[1]//", .trailingBytes, 3),
        ("\u{A0}1", .unexpectedCharacter, 0),
        ("１", .unexpectedCharacter, 0), ("[1\u{0}]", .unexpectedCharacter, 2), ("\u{0}", .unexpectedCharacter, 0),
        ("01", .invalidNumber, 1), ("-01", .invalidNumber, 2), ("00", .invalidNumber, 1), ("-a", .invalidNumber, 1),
        ("1.a", .invalidNumber, 2),
        ("1.e1", .invalidNumber, 2), ("1e1.5", .trailingBytes, 3), ("1ea", .invalidNumber, 2), ("[1.]", .invalidNumber, 3),
        ("0x10", .trailingBytes, 1),
        ("1_0", .trailingBytes, 1), ("-Infinity", .invalidNumber, 1),
        ("\"\u{0}\"", .controlCharacter, 1), ("\"a\n\"", .controlCharacter, 2), ("\"\u{1F}\"", .controlCharacter, 1),
        ("\"\t\"", .controlCharacter, 1), (#""a\x""#, .invalidEscape, 2), (#""\'""#, .invalidEscape, 1),
        (#""\U0041""#, .invalidEscape, 1),
        (#""\u00g0""#, .invalidEscape, 1), (#""\u+041""#, .invalidEscape, 1), ("\"\\é\"", .invalidEscape, 1),
        ("\"\\\n\"", .invalidEscape, 1),
        (#""\ud800""#, .loneSurrogate, 1), (#""\udc00""#, .loneSurrogate, 1), (#""\ud800\ud800""#, .loneSurrogate, 1),
        (#""\ud800x""#, .loneSurrogate, 1), (#""\ud800\n""#, .loneSurrogate, 1), (#""a\udfff\ud800""#, .loneSurrogate, 2),
        (#""\ud800\u0041""#, .loneSurrogate, 1), (#"{"\ud800":1}"#, .loneSurrogate, 2), (#""\ud800\u00zz""#, .invalidEscape, 7),
        (#"{"a":1,"a":2}"#, .repeatedName, 7), (#"{"a":1,"\u0061":2}"#, .repeatedName, 7), (#"{"":1,"":2}"#, .repeatedName, 6),
        (#"[{"x":{"a":1,"b":2,"a":3}}]"#, .repeatedName, 19),
    ])
    func `a malformed text is refused with reason and position`(texto: String, motivo: JSONError.Reason, posicao: Int) {
        #expect(falha(Array(texto.utf8)) == JSONError(position: posicao, reason: motivo))
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x20], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
            [0xE2, 0x82, 0x20],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]])
    func `invalid UTF-8 is refused`(bytes: [UInt8]) {
        let invalido = JSONError(position: 2, reason: .invalidUTF8)
        #expect(falha(Array("\"a".utf8) + bytes + Array("\"".utf8)) == invalido)
        #expect(falha(Array("\"a".utf8) + bytes) == invalido)
        #expect(falha(Array("[ ".utf8) + bytes + Array("]".utf8)) == invalido)
        #expect(falha(Array("{\"".utf8) + bytes + Array("\":1}".utf8)) == JSONError(position: 2, reason: .invalidUTF8))
    }

    @Test func `nesting counts objects and arrays together`() throws {
        func aninhado(_ niveis: Int, _ abre: String, _ fecha: String) -> String {
            String(repeating: abre, count: niveis) + "0" + String(repeating: fecha, count: niveis)
        }
        _ = try read(aninhado(16, "[", "]"))
        _ = try read(aninhado(16, #"{"a":"#, "}"))
        #expect(falha(Array(aninhado(17, "[", "]").utf8)) == JSONError(position: 16, reason: .tooDeep))
        #expect(falha(Array(aninhado(17, #"{"a":"#, "}").utf8)) == JSONError(position: 80, reason: .tooDeep))
        #expect(falha(Array(repeating: UInt8(ascii: "["), count: 1 << 20))?.reason == .tooDeep)
        // The depth counts, not the number: siblings do not add up.
        _ = try read("[" + Array(repeating: "[[]]", count: 100).joined(separator: ",") + "]")
    }

    @Test func `names compare by bytes only`() throws {
        #expect(
            try read("{\"\u{E9}\":1,\"e\u{301}\":2}")
                == .object([.init(name: "\u{E9}", value: .number("1")), .init(name: "e\u{301}", value: .number("2"))]))
        #expect(try read("{\"K\":1,\"\u{212A}\":2}")["\u{212A}"] == .number("2"))
    }

    @Test(arguments: [2, 15, 16, 17, 18, 40, 5000])
    func `a repeated name is found among many`(quantos: Int) throws {
        let nomes = (0..<quantos).map { "\"n\($0)\":0" }
        _ = try read("{\(nomes.joined(separator: ","))}")
        for repetido in [0, quantos / 2, quantos - 1] {
            let texto = "{\((nomes + [nomes[repetido]]).joined(separator: ","))}"
            #expect(falha(Array(texto.utf8))?.reason == .repeatedName)
        }
    }

    /// One grapheme of a million combining marks as a name and as a text.
    @Test func `a grapheme of a megabyte is read as any text`() throws {
        let monstro = "a" + String(repeating: "\u{301}\u{327}", count: 1 << 18)
        let lido = try read("{\"\(monstro)\":\"\(monstro)\",\"\(monstro)x\":1}")
        guard case .object(let membros) = lido else {
            Issue.record("not an object")
            return
        }
        #expect(membros.count == 2)
        #expect(membros[0].name.utf8.elementsEqual(monstro.utf8))
        #expect(membros[0].value == .string(monstro))
        #expect(falha(Array("{\"\(monstro)\":1,\"\(monstro)\":2}".utf8))?.reason == .repeatedName)
    }

    @Test func `a slice is read with positions from its start`() throws {
        let bytes = Array("xx[1]yy".utf8)
        #expect(try JSONReader.read(bytes[2..<5]) == .array([.number("1")]))
        #expect(throws: JSONError(position: 2, reason: .unexpectedEnd)) { try JSONReader.read(bytes[2..<4]) }
    }

    @Test func `messages repeat nothing of the text`() {
        for motivo in JSONError.Reason.allCases {
            #expect(JSONError(position: 7, reason: motivo).mensagem.hasPrefix("JSON ilegível no byte 7: "))
        }
        #expect(falha(Array("{\"segredo\":segredo}".utf8))?.description.contains("segredo") == false)
    }
}
