import FluxoDeCaixa
import SeededRandom
import Testing

@Suite struct ValorTests {
    @Test(arguments: [
        ("10", 1000), ("10.0", 1000), ("10.00", 1000), ("0.01", 1), ("0.1", 10), ("150.75", 15075), ("1", 100),
        ("9999999999.99", 999_999_999_999), ("9999999999", 999_999_999_900), ("1000000000", 100_000_000_000),
    ])
    func `an amount is read exactly`(texto: String, centavos: Int64) throws {
        #expect(try #require(Valor(parsing: texto)).centavos == centavos)
        #expect(Valor(parsing: Array(texto.utf8))?.centavos == centavos)
    }

    @Test(arguments: [
        "", "0", "0.0", "0.00", "00", "00.01", "007.50", "01", ".5", ".", "5.", "1.234", "1.2.3", "10,50", "1e3", "1E3", "-1", "+1", " 1",
        "1 ",
        "1\n", "١٠", "１０.００", "10000000000", "99999999999999999999", "12345678901.00", "NaN", "Infinity", "0x10", "1_000", "1\u{0}",
        "1\u{301}", "1.\u{301}5", "1.5\u{301}", "−1", "1,000.00",
    ])
    func `what is no amount is refused`(texto: String) {
        #expect(Valor(parsing: texto) == nil)
    }

    @Test func `an amount is bounded on both sides`() {
        #expect(Valor(centavos: 0) == nil)
        #expect(Valor(centavos: -1) == nil)
        #expect(Valor(centavos: .min) == nil)
        #expect(Valor(centavos: 1)?.description == "0.01")
        #expect(Valor(centavos: 999_999_999_999)?.description == "9999999999.99")
        #expect(Valor(centavos: 1_000_000_000_000) == nil)
        #expect(Valor(centavos: .max) == nil)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `the reader agrees with a model on random text`(semente: UInt64) {
        var aleatorio = SeededGenerator(seed: semente)
        let alfabeto: [Character] = Array("00112345678999...-,e")
        for _ in 0..<2000 {
            let comprimento = Int.random(in: 0...14, using: &aleatorio)
            let texto = String((0..<comprimento).map { _ in alfabeto.randomElement(using: &aleatorio) ?? "0" })
            #expect(Valor(parsing: texto)?.centavos == modelo(texto), "\(texto)")
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `an amount is written as it is read`(semente: UInt64) throws {
        var aleatorio = SeededGenerator(seed: semente)
        for _ in 0..<2000 {
            let digitos = Int64.random(in: 1...12, using: &aleatorio)
            let maximo = (0..<digitos).reduce(Int64(1)) { potencia, _ in potencia * 10 } - 1
            let valor = try #require(Valor(centavos: .random(in: 1...maximo, using: &aleatorio)))
            #expect(Valor(parsing: valor.description) == valor)
        }
    }

    /// Splits the text at the point and joins the digits.
    private func modelo(_ texto: String) -> Int64? {
        let partes = texto.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard partes.count <= 2, partes.allSatisfy({ !$0.isEmpty && $0.allSatisfy { "0123456789".contains($0) } }) else { return nil }
        let inteiros = partes[0]
        guard inteiros.count <= 10, inteiros == "0" || !inteiros.hasPrefix("0") else { return nil }
        let decimais = partes.count == 2 ? partes[1] : "00"
        guard decimais.count <= 2, let centavos = Int64(inteiros + (decimais.count == 1 ? decimais + "0" : decimais)) else { return nil }
        return centavos > 0 ? centavos : nil
    }
}
