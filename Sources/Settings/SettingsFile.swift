import Yams

/// The names and values in a YAML file of settings.
package struct SettingsFile {
    /// A dotted name and the text of its scalar.
    package struct Leaf {
        package let name: String
        package let value: String
    }

    /// Every scalar, in the order of the file; a name without a value has an empty one.
    package let leaves: [Leaf]

    /// Deeper than any key; deeper files are refused.
    private static let depthMax = 8

    /// - Parameter path: shown in error lines.
    package init(yaml: String, path: String) throws(SettingsError) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            // Only the position is reported: the message of the parser quotes the line, which may hold a secret.
            throw .file(path, "não é YAML válido\(Self.position(of: error))")
        }
        guard let root, !Self.isNull(root) else {
            self.leaves = []
            return
        }
        guard case .mapping(let mapping) = root else {
            throw .file(path, "o documento tem de ser um mapeamento (chave: valor)")
        }
        var leaves: [Leaf] = []
        try Self.walk(mapping, prefix: "", depth: 1, path: path, into: &leaves)
        self.leaves = leaves
    }

    private static func walk(
        _ mapping: Node.Mapping, prefix: String, depth: Int, path: String, into leaves: inout [Leaf]
    ) throws(SettingsError) {
        guard depth <= self.depthMax else { throw .file(path, "níveis demais em \(prefix)") }
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else { throw .file(path, "um nome não é texto em \(prefix)") }
            let name = prefix.isEmpty ? scalar.string : "\(prefix).\(scalar.string)"
            switch value {
            case .mapping(let inner):
                try Self.walk(inner, prefix: name, depth: depth + 1, path: path, into: &leaves)
            case .scalar(let scalar):
                // `~` and `null` are values that are not set.
                let isNull = Tag.Name(rawValue: value.tag.rawValue) == .null
                leaves.append(Leaf(name: name, value: isNull ? "" : scalar.string))
            case .sequence, .alias:
                throw .file(path, "\(name) não é um valor simples")
            }
        }
    }

    private static func isNull(_ node: Node) -> Bool {
        if case .scalar(let scalar) = node { scalar.string.isEmpty } else { false }
    }

    private static func position(of error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
            " (linha \(mark.line), coluna \(mark.column))"
        case .duplicatedKeysInMapping: " (um nome aparece duas vezes)"
        default: ""
        }
    }
}
