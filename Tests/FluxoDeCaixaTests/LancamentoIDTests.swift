import FluxoDeCaixa
import SeededRandom
import Testing

@Suite struct LancamentoIDTests {
    @Test func `an id is read in either case and written in lower case`() throws {
        let id = try #require(LancamentoID(parsing: "017F22E2-79B0-7CC3-98C4-DC0C0C07398F"))
        #expect(id.bits == 0x017F_22E2_79B0_7CC3_98C4_DC0C_0C07_398F)
        #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    }

    /// The example of RFC 9562, appendix A.6.
    @Test func `version 7 is read as the RFC shows`() throws {
        let id = try #require(LancamentoID(parsing: "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"))
        #expect(id.isVersion7)
        #expect(id.instante.milissegundos == 1_645_557_742_000)
        #expect(id.instante.description == "2022-02-22T19:22:22.000Z")
    }

    @Test(arguments: [
        "919108f7-52d1-4320-9bac-f847db4148a8", "00000000-0000-0000-0000-000000000000", "017f22e2-79b0-7cc3-18c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-d8c4-dc0c0c07398f", "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ])
    func `other versions and variants are read, but are not version 7`(texto: String) throws {
        let id = try #require(LancamentoID(parsing: texto))
        #expect(!id.isVersion7)
        #expect(id.description == texto)
    }

    @Test(arguments: [
        "", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}", "urn:uuid:017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2_79b0_7cc3_98c4_dc0c0c07398f", "017f22e-279b0-7cc3-98c4-dc0c0c07398f", " 17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "０17f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\u{0}", "017f22e2-79b0-7cc3-98c4-dc0c0c07398\u{301}",
    ])
    func `what is no UUID is refused`(texto: String) {
        #expect(LancamentoID(parsing: texto) == nil)
        #expect(LancamentoID(parsing: Array(texto.utf8)) == nil)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `ids are ordered as their text`(semente: UInt64) {
        var aleatorio = SeededGenerator(seed: semente)
        for _ in 0..<1000 {
            let (um, outro) = (
                LancamentoID(bits: .random(in: .min ... .max, using: &aleatorio)),
                LancamentoID(bits: .random(in: .min ... .max, using: &aleatorio))
            )
            #expect((um < outro) == (um.description < outro.description))
            #expect(LancamentoID(parsing: um.description) == um)
        }
    }
}
