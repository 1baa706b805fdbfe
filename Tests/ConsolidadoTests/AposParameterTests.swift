import Contrato
import FluxoDeCaixa
import Testing

@testable import Consolidado

@Suite struct AposParameterTests {
    @Test func readsUpTo64Ids() throws {
        #expect(try AposParameter(nil).ids.isEmpty)
        let ids = (0..<64).map { LancamentoID.numbered($0) }
        #expect(try AposParameter(ids.map(\.description).joined(separator: ",")).ids == ids)
        #expect(try AposParameter("\(ids[1]),\(ids[0]),\(ids[1])").ids == [ids[1], ids[0]])
        #expect(try AposParameter(ids[0].description.uppercased()).ids == [ids[0]])
    }

    @Test(arguments: [
        "", ",", "x", "01900000-0000-7000-8000-000000000001,", " 01900000-0000-7000-8000-000000000001",
        "01900000-0000-7000-8000-000000000001;01900000-0000-7000-8000-000000000002", "01900000000070008000000000000001",
    ])
    func refuses(text: String) {
        #expect(throws: ErrosDeCampo.self) { try AposParameter(text) }
    }

    @Test func refuses65() {
        let ids = (0..<65).map { LancamentoID.numbered($0).description }.joined(separator: ",")
        #expect(throws: ErrosDeCampo.self) { try AposParameter(ids) }
    }
}
