import Contrato
import FluxoDeCaixa
import Testing

@testable import Edge

@Suite struct QueryParametersTests {
    @Test func valuesAreDecoded() throws {
        let (values, faults) = try QueryParameters(parsing: "conta=loja42.%2A&q=a+b%2Bc&vazio=&nu&&x=%C3%A7=1")
            .values(known: ["conta", "q", "vazio", "nu", "x", "falta"])
        #expect(values == ["conta": "loja42.*", "q": "a b+c", "vazio": "", "nu": "", "x": "ç=1"])
        #expect(faults.isEmpty)
    }

    @Test(arguments: ["a=%", "a=%4", "a=%zz", "a=%FF", "%ED%A0%80=1", "a=%C0%80", "a=\u{FFFD}", "a=é", "a=%+1"])
    func unreadableIs400(query: String) {
        #expect { try QueryParameters(parsing: query[...]) } throws: { ($0 as? Problema)?.nome == .ilegivel }
    }

    @Test func unknownRepeatedAndNULAreTold() throws {
        let (values, faults) = try QueryParameters(parsing: "conta=a&conta=b&conta=c&typo=1&typo=2&q=%00").values(known: ["conta", "q"])
        #expect(values["conta"] == "a")
        #expect(faults.map(\.campo) == ["conta", "typo", "q"])
        #expect(faults.map(\.codigo) == [.repetido, .desconhecido, .caractereProibido])
    }

    @Test func unknownNameIsCut() throws {
        let name = String(repeating: "e\u{301}", count: 1000)
        let encoded = name.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let faults = try QueryParameters(parsing: encoded[...]).values(known: []).faults
        #expect(faults.map(\.campo.unicodeScalars.count) == [64])
    }

    @Test func noQueryHasNoParameters() throws {
        #expect(try QueryParameters(parsing: nil).values(known: []).values.isEmpty)
        #expect(try QueryParameters(parsing: "").values(known: []).faults.isEmpty)
    }

    @Test(arguments: [
        ("/a?b", "/a", "b"), ("/a", "/a", nil), ("/a?", "/a", ""), ("http://h:1/a?b", "/a", "b"), ("http://h?b", "", "b"),
        ("/a?b?c#d", "/a", "b?c"),
        ("/a#?b", "/a", nil), ("", "", nil), ("*", "*", nil), ("/a://b", "/a://b", nil),
    ])
    func targetIsSplit(text: String, path: String, query: String?) {
        let target = RequestTarget(text)
        #expect(target.path == path)
        #expect(target.query.map(String.init) == query)
    }
}
