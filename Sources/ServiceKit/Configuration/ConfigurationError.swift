/// Why a configuration was refused: one line for the operator, naming key, value and what is accepted.
///
/// The value of a secret never appears in it.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// The key (`auth.modo`), the environment variable or the file that is at fault.
    package let origin: String
    /// The line, in Portuguese, without a line break.
    package let description: String

    private init(origin: String, line: String) {
        self.origin = origin
        self.description = "configuração: " + line.map { $0.isNewline ? " " : String($0) }.joined()
    }

    static func invalid(_ key: ConfigurationKey, value: String, from origin: String, accepted: String? = nil) -> Self {
        let shown = key.isSecret ? "valor oculto" : "\"\(value.prefix(128))\""
        let source = origin == key.name ? key.name : "\(key.name) (de \(origin))"
        return Self(origin: origin, line: "\(source) = \(shown) não é aceito; aceita-se \(accepted ?? key.accepted)")
    }

    static func missing(_ key: ConfigurationKey) -> Self {
        let file = key.isSecret ? " ou \(key.environmentName)_FILE" : ""
        return Self(
            origin: key.name,
            line: "\(key.name) não foi dado; aceita-se \(key.accepted) (variável \(key.environmentName)\(file))"
        )
    }

    static func unknown(_ name: String, from origin: String, accepted: [String]) -> Self {
        let near = accepted.isEmpty ? "" : "; aceita-se \(accepted.joined(separator: ", "))"
        return Self(origin: name, line: "\(name.prefix(128)) (em \(origin)) não é conhecido\(near)")
    }

    static func file(_ path: String, _ reason: String) -> Self {
        Self(origin: path, line: "arquivo \(path): \(reason)")
    }

    /// An address that has the right scheme, but that the library it is for cannot read. Its text is a secret.
    package static func unreadableAddress(_ name: String, accepted: String) -> Self {
        Self(origin: name, line: "\(name) = valor oculto não é aceito; aceita-se \(accepted)")
    }

    /// A value of the right form that turned out to be of no use.
    static func unusable(_ name: String, value: String, accepted: String) -> Self {
        Self(origin: name, line: "\(name) = \"\(value.prefix(128))\" não é aceito; aceita-se \(accepted)")
    }

    static func contradiction(_ key: ConfigurationKey, _ reason: String) -> Self {
        Self(origin: key.name, line: "\(key.name): \(reason)")
    }
}
