import Contrato
import Documents
import Testing

/// The documents use what generators of clients understand, in every language. `Tests/Conformance/clients.py` generates some.
@Suite struct GeneratorsTests {
    private static let services = PublishedDocument.Service.allCases

    /// Every object of the document with the names that lead to it.
    private static func objects(of value: JSONValue, at path: [String] = []) -> [(path: [String], value: JSONValue)] {
        let inside = value.members.flatMap { self.objects(of: $0.value, at: path + [$0.name]) }
        let elements = value.elements.enumerated().flatMap { self.objects(of: $1, at: path + [String($0)]) }
        return (value.members.isEmpty ? [] : [(path, value)]) + inside + elements
    }

    /// The schemas, not the examples.
    private static func schemas(_ service: PublishedDocument.Service) throws -> [(path: [String], value: JSONValue)] {
        self.objects(of: try Documented.openAPI(service).value).filter { !$0.path.contains("examples") && !$0.path.contains("example") }
    }

    @Test(arguments: services)
    func `names that become names of a program are ASCII`(service: PublishedDocument.Service) throws {
        let document = try Documented.openAPI(service)
        var names = [try #require(document.value["info"]?["title"]?.text)]
        names += try document.operations.map { try #require($0.value["operationId"]?.text) }
        names += try #require(document.value["components"]).members.flatMap { $0.value.names }
        names += try Self.schemas(service).flatMap { $0.value["properties"]?.names ?? [] }
        #expect(names.count > 100)
        #expect(names.filter { !$0.utf8.allSatisfy { $0 < 0x80 } } == [])
    }

    @Test(arguments: services)
    func `patterns have only what every engine reads alike`(service: PublishedDocument.Service) throws {
        let patterns = try Self.schemas(service).compactMap { $0.value["pattern"]?.text }
        #expect(patterns.count > 5)
        for pattern in patterns {
            for special in ["(?", "\\p", "\\P", "\\u", "\\d", "\\w", "\\s", "\\b"] { #expect(!pattern.contains(special), "\(pattern)") }
            #expect(pattern.utf8.allSatisfy { (0x20..<0x7F).contains($0) }, "\(pattern)")
            // openapi-generator reads it as /pattern/modifiers and stops.
            #expect(!pattern.hasPrefix("/"), "\(pattern)")
        }
    }

    @Test(arguments: services)
    func `a text that generators read as another type has no pattern`(service: PublishedDocument.Service) throws {
        for (path, schema) in try Self.schemas(service) where ["date", "date-time", "uuid"].contains(schema["format"]?.text) {
            #expect(schema["pattern"] == nil, "\(path)")
        }
    }

    @Test(arguments: services)
    func `null is no word of an enumeration, and every enumeration has a type`(service: PublishedDocument.Service) throws {
        for (path, schema) in try Self.schemas(service) where schema["enum"] != nil || schema["const"] != nil {
            #expect(schema["enum"]?.elements.contains(.null) != true, "\(path)")
            #expect(schema["type"]?.text != nil, "\(path)")
        }
    }

    /// Else a generator makes up a class for each call.
    @Test(arguments: services)
    func `objects that calls with a token take and return have names`(service: PublishedDocument.Service) throws {
        for operation in try Documented.openAPI(service).operations where operation.value["security"]?.elements.isEmpty != true {
            for (path, schema) in Self.objects(of: operation.value) where path.last == "schema" {
                for keyword in ["properties", "allOf", "anyOf", "oneOf"] {
                    #expect(schema[keyword] == nil && schema["items"]?[keyword] == nil, "\(operation.path) \(path)")
                }
            }
        }
    }

    @Test func `the version of the documents is the newest of what changed`() throws {
        let changes = try Documented.text("config/mudancas.md")
        let newest = try #require(changes.firstMatch(of: /## Versão ([0-9]+\.[0-9]+)\n/)).1
        for service in Self.services { #expect(try Documented.openAPI(service).value["info"]?["version"]?.text == "\(newest).0") }
        #expect(try Documented.asyncAPI().value["info"]?["version"]?.text == "\(newest).0")
    }
}
