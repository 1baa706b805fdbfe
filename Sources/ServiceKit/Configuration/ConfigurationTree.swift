import Yams

/// The names in a YAML file, walked so that a misspelt one is found: the reading library cannot list keys.
struct ConfigurationTree {
    /// A dotted name and the text of its scalar.
    struct Leaf {
        let name: String
        let value: String
    }

    let leaves: [Leaf]

    /// Nesting that no key comes near; deeper files are refused instead of walked.
    private static let depthMax = 8

    /// - Parameter path: only for error lines.
    init(yaml: String, path: String) throws(ConfigurationError) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            // Only the position is told: the parser's own text quotes the line, which may hold a secret.
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
    ) throws(ConfigurationError) {
        guard depth <= self.depthMax else { throw .file(path, "níveis demais em \(prefix)") }
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else { throw .file(path, "um nome não é texto em \(prefix)") }
            let name = prefix.isEmpty ? scalar.string : "\(prefix).\(scalar.string)"
            switch value {
            case .mapping(let inner):
                try Self.walk(inner, prefix: name, depth: depth + 1, path: path, into: &leaves)
            case .scalar(let scalar):
                leaves.append(Leaf(name: name, value: scalar.string))
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
