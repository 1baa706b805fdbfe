import FluxoDeCaixa
import Testing

@Suite struct QuantiaTests {
    @Test(arguments: [
        (0, "0.00"), (1, "0.01"), (-1, "-0.01"), (10, "0.10"), (-10, "-0.10"), (99, "0.99"), (-99, "-0.99"), (100, "1.00"),
        (-1230, "-12.30"),
        (15075, "150.75"), (Int64.max, "92233720368547758.07"), (Int64.min, "-92233720368547758.08"),
    ])
    func `a sum is written with two decimals and no negative zero`(centavos: Int64, texto: String) {
        #expect(Quantia(centavos: Int128(centavos)).description == texto)
    }

    @Test func `a sum exceeds 64 bits`() throws {
        let maximo = try #require(Valor(centavos: Valor.maximoEmCentavos))
        var soma = Quantia.zero
        // Each doubling is one addition: 2^40 entries of the largest amount, about 120,000 times the range of 64 bits.
        soma += Quantia(maximo)
        for _ in 0..<40 { soma += soma }
        #expect(soma.centavos == 999_999_999_999 * Int128(1 << 40))
        #expect(soma.description == "10995116277749004883722.24")
        #expect((Quantia.zero - soma).description == "-10995116277749004883722.24")
        #expect(Quantia(centavos: 100_000_000_000_000_000_000).description == "1000000000000000000.00")
        #expect((soma - soma) == .zero)
    }

    @Test func `sums add and subtract`() {
        let dez = Quantia(centavos: 1000)
        var saldo = Quantia(centavos: 5)
        saldo -= dez
        #expect(saldo == Quantia(centavos: -995))
        #expect(saldo + dez == Quantia(centavos: 5))
        #expect(saldo < .zero)
        #expect(dez > .zero)
    }
}
