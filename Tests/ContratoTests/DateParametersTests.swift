import Contrato
import FluxoDeCaixa
import Testing

@Suite struct DateParametersTests {
    private func pares(_ erros: ErrosDeCampo?) -> [String] {
        erros?.erros.map { "\($0.campo) \($0.codigo.rawValue)" } ?? []
    }

    @Test(arguments: ["0001-01-01", "2026-11-24", "9999-12-31"])
    func `any existing day may be read`(texto: String) throws {
        #expect(try DateParameters.dia(texto).description == texto)
    }

    @Test(arguments: ["", "hoje", "2026-02-30", "2026-1-1", "10000-01-01", "2026-11-24 "])
    func `what is no day is refused`(texto: String) {
        #expect(pares(#expect(throws: ErrosDeCampo.self) { try DateParameters.dia(texto) }) == ["data formato"])
    }

    @Test(arguments: [("2026-01-01", "2026-01-01", 1), ("2024-01-01", "2024-12-31", 366), ("2025-01-01", "2026-01-01", 366)])
    func `a period includes both ends`(de: String, ate: String, dias: Int) throws {
        #expect(try DateParameters.periodo(de: de, ate: ate).quantidadeDeDias == dias)
    }

    @Test(
        arguments: [
            (nil, nil, ["de obrigatorio", "ate obrigatorio"]), ("2026-01-01", nil, ["ate obrigatorio"]),
            ("", "x", ["de formato", "ate formato"]),
            (nil, "x", ["de obrigatorio", "ate formato"]), ("2026-01-02", "2026-01-01", ["ate fora_do_intervalo"]),
            ("2025-01-01", "2026-01-02", ["ate fora_do_intervalo"]), ("0001-01-01", "9999-12-31", ["ate fora_do_intervalo"]),
        ] as [(String?, String?, [String])])
    func `a period that is incomplete, reversed or too long is refused`(de: String?, ate: String?, erros: [String]) {
        #expect(pares(#expect(throws: ErrosDeCampo.self) { try DateParameters.periodo(de: de, ate: ate) }) == erros)
    }

    @Test func `a list may leave out either end`() throws {
        let nada = try DateParameters.intervalo(de: nil, ate: nil)
        #expect(nada.de == nil && nada.ate == nil)
        let longo = try DateParameters.intervalo(de: "0001-01-01", ate: "9999-12-31")
        #expect(longo.de == .primeiro && longo.ate == .ultimo)
        let invertido = #expect(throws: ErrosDeCampo.self) { _ = try DateParameters.intervalo(de: "2026-01-02", ate: "2026-01-01") }
        #expect(pares(invertido) == ["ate fora_do_intervalo"])
        let vazio = #expect(throws: ErrosDeCampo.self) { _ = try DateParameters.intervalo(de: "", ate: nil) }
        #expect(pares(vazio) == ["de formato"])
    }
}
