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
    /// By the file name that precedes `#` in a reference.
    private let others: [String: OpenAPIDocument]

    /// - Parameter others: the documents that references lead to, by the file names that these have.
    package init(_ value: JSONValue, others: [String: OpenAPIDocument] = [:]) {
        self.value = value
        self.others = others
    }

    /// In the order of the document.
    package var operations: [Operation] {
        (self.value["paths"]?.members ?? []).flatMap { path in
            path.value.members.filter { Self.methods.contains($0.name) }.map {
                Operation(method: $0.name.uppercased(), path: path.name, value: $0.value)
            }
        }
    }

    /// What `$ref` leads to; that there is no loop is the document's to keep. References inside another document name that document.
    package func resolved(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.text else { return value }
        let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let file = String(parts[0])
        guard file.isEmpty || self.others[file] != nil else { return .null }
        let root = self.others[file]?.value ?? self.value
        let path = parts.count == 2 ? parts[1].split(separator: "/") : []
        let target = path.reduce(root as JSONValue?) { $0?[String($1)] } ?? .null
        return self.resolved(file.isEmpty ? target : Self.qualified(target, by: file))
    }

    private static func qualified(_ value: JSONValue, by file: String) -> JSONValue {
        switch value {
        case .object(let members):
            .object(
                members.map { member in
                    if member.name == "$ref", let reference = member.value.text, reference.hasPrefix("#") {
                        return JSONMember(name: member.name, value: .string(file + reference))
                    }
                    return JSONMember(name: member.name, value: self.qualified(member.value, by: file))
                })
        case .array(let values): .array(values.map { self.qualified($0, by: file) })
        case .string, .number, .bool, .null: value
        }
    }
}
