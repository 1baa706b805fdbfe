package import Contrato

/// What an OpenAPI document says, by its parts.
package struct OpenAPIDocument: Sendable {
    package struct Operation: Sendable {
        /// Upper case.
        package let method: String
        package let path: String
        package let value: JSONValue
    }

    private static let methods = ["get", "post", "put", "patch", "delete"]

    package let value: JSONValue

    package init(_ value: JSONValue) {
        self.value = value
    }

    /// In the order of the document.
    package var operations: [Operation] {
        (self.value["paths"]?.members ?? []).flatMap { path in
            path.value.members.filter { Self.methods.contains($0.name) }.map {
                Operation(method: $0.name.uppercased(), path: path.name, value: $0.value)
            }
        }
    }

    /// What `$ref` leads to inside the document; that there is no loop is the document's to keep.
    package func resolved(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.text else { return value }
        let target = reference.split(separator: "/").dropFirst().reduce(self.value as JSONValue?) { $0?[String($1)] }
        return self.resolved(target ?? .null)
    }
}
