package import Contrato
import Yams

/// The published documents as values, with the configured public address in place of the written one.
package enum PublishedDocument {
    /// A malformed document: a mistake in the program, found by its tests.
    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    package enum Service: String, Sendable, CaseIterable {
        case lancamentos
        case consolidado
    }

    package static func openAPI(_ service: Service, urlPublica: String) throws -> JSONValue {
        let yaml =
            switch service {
            case .lancamentos: Documents.openAPILancamentos
            case .consolidado: Documents.openAPIConsolidado
            }
        return self.moved(try self.value(yaml: yaml), to: urlPublica)
    }

    /// The JSON Schemas with the names under which they are served.
    package static func schemas(urlPublica: String) throws -> [(name: String, value: JSONValue)] {
        try Documents.esquemas.map { ($0.name, self.moved(try JSONReader.read($0.json), to: urlPublica)) }
    }

    /// The AMQP contract with the documents that it refers to.
    static func asyncAPI(
        lancamentos: OpenAPIDocument, schemas: [(name: String, value: JSONValue)], urlPublica: String
    ) throws -> OpenAPIDocument {
        var others = ["openapi-lancamentos.yaml": lancamentos]
        for schema in schemas { others["esquemas/\(schema.name)"] = OpenAPIDocument(schema.value) }
        return OpenAPIDocument(self.moved(try self.value(yaml: Documents.asyncAPI), to: urlPublica), others: others)
    }

    /// The AMQP contract as it is served below `/docs`: its references lead to what is served too.
    static func asyncAPIText(urlPublica: String) -> String {
        self.moved(Documents.asyncAPI, to: urlPublica)
            .replacing("'esquemas/", with: "'../esquemas/")
            .replacing("'openapi-lancamentos.yaml#", with: "'openapi-lancamentos.json#")
    }

    /// YAML as JSON, by the types of YAML's JSON schema; numbers keep their text.
    package static func value(yaml: String) throws -> JSONValue {
        guard let root = try Yams.compose(yaml: yaml) else { throw Malformed(description: "an empty document") }
        return try self.value(root)
    }

    private static func value(_ node: Node) throws -> JSONValue {
        switch node {
        case .mapping(let mapping):
            return .object(
                try mapping.map { key, value in
                    guard case .scalar(let name) = key else { throw Malformed(description: "a name is not a text") }
                    return JSONMember(name: name.string, value: try self.value(value))
                })
        case .sequence(let sequence):
            return .array(try sequence.map { try self.value($0) })
        case .scalar(let scalar):
            return try self.value(scalar, tag: node.tag.rawValue)
        case .alias:
            throw Malformed(description: "an alias that was not resolved")
        }
    }

    private static func value(_ scalar: Node.Scalar, tag: String) throws -> JSONValue {
        switch Tag.Name(rawValue: tag) {
        case .null: return .null
        case .int, .float: return .number(scalar.string)
        case .bool:
            // YAML 1.1 also reads `yes` and `no` as booleans, which is never intended here.
            guard ["true", "false"].contains(scalar.string) else { throw Malformed(description: "\(scalar.string) needs quotes") }
            return .bool(scalar.string == "true")
        default: return .string(scalar.string)
        }
    }

    /// The value with the public base address replaced in every text.
    private static func moved(_ value: JSONValue, to urlPublica: String) -> JSONValue {
        switch value {
        case .object(let members):
            .object(members.map { JSONMember(name: $0.name, value: self.moved($0.value, to: urlPublica)) })
        case .array(let values): .array(values.map { self.moved($0, to: urlPublica) })
        case .string(let text): .string(self.moved(text, to: urlPublica))
        case .number, .bool, .null: value
        }
    }

    static func moved(_ text: String, to urlPublica: String) -> String {
        text.replacing(Documents.urlPublica, with: urlPublica)
    }
}

extension JSONValue {
    var bytes: [UInt8] {
        var writer = JSONWriter(reservedBytes: 65_536)
        writer.value(self)
        return writer.bytes
    }
}
