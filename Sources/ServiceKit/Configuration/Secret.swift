/// A configured value that must never be printed: a password, a signing secret, an address with a password in it.
///
/// Printing, interpolating and dumping it show a placeholder; `revealed` is the only way to the text.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself, for the one place that needs it.
    package let revealed: String

    package init(_ text: String) {
        self.revealed = text
    }

    package var description: String { "<oculto>" }
    package var debugDescription: String { "<oculto>" }
    package var customMirror: Mirror { Mirror(reflecting: "<oculto>") }
}
