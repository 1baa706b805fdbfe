import FluxoDeCaixa
import Testing

@Suite struct MetadadosTests {
    private func item(_ nome: String, _ valor: String) -> Metadados.Item { Metadados.Item(nome: nome, valor: valor) }

    @Test func `items are in byte order whatever their order before`() throws {
        let um = try #require(Metadados([item("b", "2"), item("a", "1"), item("", "0"), item("é", "4"), item("z", "3")]))
        let outro = try #require(Metadados([item("é", "4"), item("z", "3"), item("", "0"), item("a", "1"), item("b", "2")]))
        #expect(um == outro)
        #expect(um.itens.map(\.nome) == ["", "a", "b", "z", "é"])
    }

    @Test func `names and texts compare by bytes`() throws {
        let composto = try #require(Metadados([item("x", "\u{E9}")]))
        let decomposto = try #require(Metadados([item("x", "e\u{301}")]))
        #expect(composto != decomposto)
        // Names that are equal for Swift's == are two names.
        #expect(Metadados([item("\u{E9}", "1"), item("e\u{301}", "2")])?.itens.count == 2)
    }

    @Test func `names and texts are not mixed`() {
        #expect(Metadados([item("ab", "c")]) != Metadados([item("a", "bc")]))
    }

    @Test func `items and bytes are bounded`() {
        let dezesseis = (0..<16).map { item("n\($0)", "v") }
        #expect(Metadados(dezesseis) != nil)
        #expect(Metadados(dezesseis + [item("n16", "v")]) == nil)
        #expect(Metadados([item("nome", String(repeating: "é", count: 2046))]) != nil)
        #expect(Metadados([item("nomes", String(repeating: "é", count: 2046))]) == nil)
        #expect(Metadados([item("a", "1"), item("a", "2")]) == nil)
        #expect(Metadados([item("a", "\u{0}")]) == nil)
        #expect(Metadados([item("\u{0}", "a")]) == nil)
        #expect(Metadados([]) == .vazio)
        #expect(Metadados.vazio.isEmpty)
    }
}
