import Foundation

/// One configuration key: its name, the form of its value and what is accepted.
///
/// Reading, the search for unknown names, `describe` and the check of `config/*.yaml` all use these.
package struct SettingKey: Sendable {
    package enum Kind: Sendable, Equatable {
        /// Any text that is not empty.
        case text
        case choice([String])
        /// A decimal integer inside the range.
        case integer(ClosedRange<Int>)
        case boolean
        /// An absolute URL with one of these schemes.
        case url(schemes: [String])
        /// An identifier of the IANA time zone database of this machine.
        case timeZone
        /// At least this many bytes of UTF-8.
        case bytes(min: Int)
    }

    /// Integers of seconds: up to a day.
    package static let seconds = 1...86_400
    /// Integers of milliseconds: up to ten minutes.
    package static let milliseconds = 1...600_000

    /// The dotted name, as in the YAML file.
    package let name: String
    package let kind: Kind
    /// The unit of a number; `nil` for values without a unit.
    package let unit: String?
    /// The built-in value; `nil`: the key has none.
    package let defaultValue: String?
    /// A secret is never printed, and may be read from the file that `FLUXO_…_FILE` names.
    package let isSecret: Bool

    package init(_ name: String, _ kind: Kind, unit: String? = nil, default defaultValue: String? = nil, secret: Bool = false) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.defaultValue = defaultValue
        self.isSecret = secret
    }

    /// The environment variable: `auth.modo` is `FLUXO_AUTH_MODO`.
    package var environmentName: String { Self.environmentName(of: self.name) }

    static let environmentPrefix = "FLUXO_"

    static func environmentName(of name: String) -> String {
        self.environmentPrefix + name.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
    }

    /// What is accepted, in Portuguese, for error lines and `describe`.
    package var accepted: String {
        switch self.kind {
        case .text: "um texto não vazio"
        case .choice(let words): words.joined(separator: " ou ")
        case .integer(let range):
            "um inteiro de \(range.lowerBound) a \(range.upperBound)" + (self.unit.map { " (\($0))" } ?? "")
        case .boolean: "true ou false"
        case .url(let schemes): "uma URL " + schemes.map { "\($0)://…" }.joined(separator: " ou ")
        case .timeZone: "um fuso horário da base IANA, como America/Sao_Paulo"
        case .bytes(let min): "um segredo de pelo menos \(min) bytes"
        }
    }

    /// Whether `value` has the form that ``accepted`` describes.
    package func accepts(_ value: String) -> Bool {
        switch self.kind {
        case .text: return !value.isEmpty
        case .choice(let words): return words.contains(value)
        case .integer(let range): return Self.integer(value).map(range.contains) ?? false
        case .boolean: return value == "true" || value == "false"
        case .url(let schemes): return Self.isURL(value, schemes: schemes)
        case .timeZone: return TimeZone(identifier: value) != nil
        case .bytes(let min): return value.utf8.count >= min
        }
    }

    /// Strictly digits: `Int("+5")` would be accepted by the standard library.
    static func integer(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func isURL(_ text: String, schemes: [String]) -> Bool {
        guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else { return false }
        return schemes.contains { scheme in
            let prefix = scheme + "://"
            return text.hasPrefix(prefix) && text.utf8.count > prefix.utf8.count
        }
    }
}

/// A value that must never be printed: a password, a signing secret, an address with a password in it.
///
/// Printing, interpolating and dumping show a placeholder; `revealed` is the only access to the text.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let revealed: String

    package init(_ text: String) {
        self.revealed = text
    }

    package var description: String { "<oculto>" }
    package var debugDescription: String { "<oculto>" }
    package var customMirror: Mirror { Mirror(reflecting: "<oculto>") }
}
