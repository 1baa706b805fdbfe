import HTTPTypes
import Testing

@testable import Edge

@Suite struct EntityTagTests {
    private static let tag = EntityTag(versao: 7, form: "json", content: Array("{}".utf8))

    private static func isNamed(_ values: String...) -> Bool {
        var fields = HTTPFields()
        for value in values { fields.append(HTTPField(name: .ifNoneMatch, value: value)) }
        return self.tag.isNamed(byIfNoneMatch: fields)
    }

    @Test func isAQuotedText() {
        #expect(Self.tag.headerValue.wholeMatch(of: /"7-json-[0-9a-f]{16}"/) != nil)
    }

    @Test func changesWithEveryPart() {
        #expect(EntityTag(versao: 7, form: "json", content: Array("{}".utf8)) == Self.tag)
        #expect(EntityTag(versao: 8, form: "json", content: Array("{}".utf8)) != Self.tag)
        #expect(EntityTag(versao: 7, form: "csv", content: Array("{}".utf8)) != Self.tag)
        #expect(EntityTag(versao: 7, form: "json", content: Array("{ }".utf8)) != Self.tag)
    }

    @Test func isNamedInAnyForm() {
        let text = Self.tag.headerValue
        #expect(Self.isNamed(text))
        #expect(Self.isNamed("W/\(text)"))
        #expect(Self.isNamed("*"))
        #expect(Self.isNamed(" * "))
        #expect(Self.isNamed("\"a,b\", \(text)"))
        #expect(Self.isNamed("\"a\"", text))
        #expect(Self.isNamed(",, \"\" ,\t\(text),"))
    }

    @Test func isNotNamedByAnythingElse() {
        let text = Self.tag.headerValue
        #expect(!Self.isNamed())
        #expect(!Self.isNamed(""))
        for other in [
            Self.tag.opaque, "w/\(text)", "W/ \(text)", "\"\(text)", "\(text.dropLast())", "\"x\(text.dropFirst())", "\"a\"\(text)",
            "\"a\"; \(text)", "*, *", "**", "\"*\"", "\"a b\", \(text)", "\"7-json\"", "x, \(text)",
        ] {
            #expect(!Self.isNamed(other), "\(other)")
        }
    }
}
