import Contrato
import Documents
import Foundation
import Testing

/// The documents that the tests compare the code with.
enum Documented {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func openAPI(_ service: PublishedDocument.Service) throws -> OpenAPIDocument {
        OpenAPIDocument(try PublishedDocument.openAPI(service, urlPublica: "http://localhost:8080"))
    }

    static func asyncAPI() throws -> OpenAPIDocument {
        OpenAPIDocument(try PublishedDocument.value(yaml: self.text("config/asyncapi.yaml")))
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: self.repository.appending(path: path), encoding: .utf8)
    }

    static func schema(_ name: String, _ service: PublishedDocument.Service = .lancamentos) throws -> JSONValue {
        try #require(try self.openAPI(service).value["components"]?["schemas"]?[name])
    }
}

extension JSONValue {
    /// The names of an object's members.
    var names: [String] { self.members.map(\.name) }
    /// Texts of an array.
    var texts: [String] { self.elements.compactMap(\.text) }
    /// A whole number.
    var integer: Int? {
        if case .number(let text) = self { Int(text) } else { nil }
    }
}
