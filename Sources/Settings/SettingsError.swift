/// Why the settings were refused: one line for the operator that names key, value and what is accepted.
///
/// The value of a secret never appears in it.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
    /// The key (`auth.modo`), the environment variable or the file with the fault.
    package let origin: String
    /// The line, in Portuguese, without a line break.
    package let description: String

    private init(origin: String, line: String) {
        self.origin = origin
        self.description = "configuração: " + line.map { $0.isNewline ? " " : String($0) }.joined()
    }

    package static func invalid(_ key: SettingKey, value: String, from origin: String, accepted: String? = nil) -> Self {
        let shown = key.isSecret ? "valor oculto" : "\"\(value.prefix(128))\""
        let source = origin == key.name ? key.name : "\(key.name) (de \(origin))"
        return Self(origin: origin, line: "\(source) = \(shown) não é aceito; aceita-se \(accepted ?? key.accepted)")
    }

    package static func missing(_ key: SettingKey) -> Self {
        let file = key.isSecret ? " ou \(key.environmentName)_FILE" : ""
        return Self(
            origin: key.name,
            line: "\(key.name) não foi dado; aceita-se \(key.accepted) (variável \(key.environmentName)\(file))"
        )
    }

    package static func unknown(_ name: String, from origin: String, accepted: [String]) -> Self {
        let near = accepted.isEmpty ? "" : "; aceita-se \(accepted.joined(separator: ", "))"
        return Self(origin: name, line: "\(name.prefix(128)) (em \(origin)) não é conhecido\(near)")
    }

    package static func file(_ path: String, _ reason: String) -> Self {
        Self(origin: path, line: "arquivo \(path): \(reason)")
    }

    /// An address with an accepted scheme that the client library cannot read. Its text is a secret.
    package static func unreadableAddress(_ name: String, accepted: String) -> Self {
        Self(origin: name, line: "\(name) = valor oculto não é aceito; aceita-se \(accepted)")
    }

    /// A value of the accepted form that cannot be used.
    package static func unusable(_ name: String, value: String, accepted: String) -> Self {
        Self(origin: name, line: "\(name) = \"\(value.prefix(128))\" não é aceito; aceita-se \(accepted)")
    }

    package static func contradiction(_ key: SettingKey, _ reason: String) -> Self {
        Self(origin: key.name, line: "\(key.name): \(reason)")
    }
}
