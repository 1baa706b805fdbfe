import FluxoDeCaixa
import Testing

@Suite struct ChaveTests {
    @Test(arguments: ["a", "8e03978e-40d5-43dd-bc93-6894a57f9324", "!~", "\"", "\"a\"", "a\\b", String(repeating: "k", count: 128)])
    func `a printable text is a key as it is`(texto: String) throws {
        #expect(try #require(Chave(literal: texto)).texto == texto)
    }

    @Test(arguments: ["", " ", "a b", "a\t", "a\n", "\u{0}", "\u{7F}", "é", "ａ", "a\u{301}", String(repeating: "k", count: 129)])
    func `a literal key that is empty, too long or not printable is refused`(texto: String) {
        #expect(Chave(literal: texto) == nil)
    }

    @Test(arguments: [
        ("abc", "abc"), ("\"abc\"", "abc"), ("  abc\t", "abc"),
        (String(repeating: " ", count: 1000) + "abc" + String(repeating: "\t", count: 1000), "abc"), (" \"abc\" ", "abc"),
        (#""a\"b\\c""#, #"a"b\c"#), (#"a"b"#, #"a"b"#),
        (#"a\b"#, #"a\b"#),
        ("\"\(String(repeating: "k", count: 128))\"", String(repeating: "k", count: 128)),
        ("\"\(String(repeating: "\\\"", count: 128))\"", String(repeating: "\"", count: 128)),
    ])
    func `the header is read bare or as a quoted string`(cabecalho: String, texto: String) throws {
        #expect(try #require(Chave(cabecalho: cabecalho)).texto == texto)
        #expect(Chave(cabecalho: cabecalho) == Chave(literal: texto))
    }

    @Test(arguments: [
        "", "   ", "\"", "\"\"", "\"abc", "\"abc\"x", "\"abc\";a=1", "\"abc\", \"d\"", #""a\b""#, #""abc\""#, "\"a b\"", "\"é\"", "a b",
        "abc é",
        "\"\(String(repeating: "k", count: 129))\"", String(repeating: "k", count: 129), "k\(String(repeating: " ", count: 1000))x",
        "\"a\u{0}\"", "\u{301}", "\"\u{301}a\"",
    ])
    func `a malformed header is refused`(cabecalho: String) {
        #expect(Chave(cabecalho: cabecalho) == nil)
    }
}
