import Contrato
import Edge
import Fixtures
import FluxoDeCaixa
import HTTPTypes
import Testing

@testable import Consolidado

@Suite struct AposParameterTests {
    @Test func `up to 64 ids are read`() throws {
        #expect(try AposParameter(nil).ids.isEmpty)
        let ids = (0..<64).map { TestEntry.id($0) }
        #expect(try AposParameter(ids.map(\.description).joined(separator: ",")).ids == ids)
        #expect(try AposParameter("\(ids[1]),\(ids[0]),\(ids[1])").ids == [ids[1], ids[0]])
        #expect(try AposParameter(ids[0].description.uppercased()).ids == [ids[0]])
    }

    @Test(arguments: [
        "", ",", "x", "01900000-0000-7000-8000-000000000001,", " 01900000-0000-7000-8000-000000000001",
        "01900000-0000-7000-8000-000000000001;01900000-0000-7000-8000-000000000002", "01900000000070008000000000000001",
    ])
    func `a list that is not of ids is refused`(text: String) {
        #expect(throws: ErrosDeCampo.self) { try AposParameter(text) }
    }

    @Test(arguments: [
        (5, 30_000, 5000, 5), (99, 30_000, 30_000, 30), (0, 30_000, 0, 0), (5, 50, 50, 0), (5, 2500, 2500, 2), (1, 2500, 1000, 1),
    ])
    func `the wait is the preferred one within the limit`(seconds: Int, longestMs: Int, waitMs: Int, appliedS: Int) throws {
        let apos = try AposParameter(TestEntry.id(1).description)
        let asked = apos.wait([.prefer: "wait=\(seconds)"], longest: .milliseconds(longestMs))
        #expect(asked.wait == .milliseconds(waitMs) && asked.appliedS == appliedS)
        let silent = apos.wait([:], longest: .seconds(30))
        #expect(silent.wait == .zero && silent.appliedS == nil)
        let nothing = try AposParameter(nil).wait([.prefer: "wait=5"], longest: .seconds(30))
        #expect(nothing.wait == .zero && nothing.appliedS == nil)
    }

    @Test func `more than 64 ids are refused`() {
        let ids = (0..<65).map { TestEntry.id($0).description }.joined(separator: ",")
        #expect(throws: ErrosDeCampo.self) { try AposParameter(ids) }
    }
}
