import FluxoDeCaixa
import Testing

@Suite struct ContaTests {
    @Test(arguments: [
        "a", "A", "0", "_", "loja42", "loja42.caixa", "loja42.pix", "a-b", "a--", "a.b.c", "_._", "0.0", "x-.y",
        String(repeating: "a", count: 64),
    ])
    func `a well-formed name is accepted`(nome: String) throws {
        #expect(try #require(Conta(nome)).nome == nome)
    }

    @Test(arguments: [
        "", ".", "..", "a.", ".a", "a..b", "-a", "-1+1", "a.-b", "a b", " a", "a ", "a\n", "a\u{0}", "a*", "*", "a.*", "a#", "a/b", "ação",
        "ａ",
        "a\u{301}", "\u{212A}", "a;b", "a'b", "a\"b", "a\\b", String(repeating: "a", count: 65), String(repeating: "a.", count: 32),
        "٣", "=1", "a\r", "a\u{200B}",
    ])
    func `another name is refused`(nome: String) {
        #expect(Conta(nome) == nil)
    }

    @Test func `case counts`() {
        #expect(Conta("Loja") != Conta("loja"))
    }

    @Test func `accounts are ordered by bytes`() {
        let nomes = ["0", "A", "Z", "_", "a", "a-b", "a.b", "a0", "aA", "a_", "aa"]
        #expect(nomes.reversed().compactMap { Conta($0) }.sorted().map(\.nome) == nomes)
    }
}
