package import FluxoDeCaixa
package import Logging

/// Writes each event as one line: `2026-11-24T07:01:32.123Z info lancamentos: message key=value`.
///
/// Line breaks and control characters in a message or a value are escaped, so that no value can forge a line.
package struct TextLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private var ownLevel: Logger.Level?
    private let level: LogLevel
    private let label: String
    private let agora: @Sendable () -> Instante
    private let write: @Sendable (String) -> Void

    /// - Parameters:
    ///   - label: names the source of the line, usually the service.
    ///   - level: shared by all loggers; a level set on one logger overrides it.
    ///   - write: receives a whole line with its line break.
    package init(
        label: String, level: LogLevel, agora: @escaping @Sendable () -> Instante,
        write: @escaping @Sendable (String) -> Void = StandardError.write
    ) {
        self.label = label
        self.level = level
        self.agora = agora
        self.write = write
    }

    package var logLevel: Logger.Level {
        get { self.ownLevel ?? self.level.current }
        set { self.ownLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = "\(self.agora()) \(event.level.rawValue) \(self.label): \(Self.plain(event.message.description))"
        if let error = event.error { line += " error=\(Self.quoted("\(error)"))" }
        for (key, value) in self.allMetadata(of: event) {
            line += " \(Self.plain(key))=\(Self.quoted(value.description))"
        }
        self.write(line + "\n")
    }

    /// The text with control characters escaped.
    private static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: Self.isControl) else { return text }
        return text.unicodeScalars.map { Self.isControl($0) ? $0.escaped(asASCII: true) : String($0) }.joined()
    }

    /// The same, in quotation marks where it would not read as one word.
    private static func quoted(_ text: String) -> String {
        let plain = self.plain(text)
        guard plain.isEmpty || plain.unicodeScalars.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) else { return plain }
        return "\"" + plain.unicodeScalars.map { $0 == "\"" ? "\\\"" : String($0) }.joined() + "\""
    }

    /// C0, DEL, C1 and the Unicode line and paragraph separators.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}

extension LogHandler {
    /// The metadata of a line, sorted by name: the logger's, the provider's and the call's. Of equal names the last of these counts.
    func allMetadata(of event: LogEvent) -> [(key: String, value: Logger.MetadataValue)] {
        var all = self.metadata
        if let provided = self.metadataProvider?.get() {
            all.merge(provided) { _, new in new }
        }
        if let own = event.metadata {
            all.merge(own) { _, new in new }
        }
        return all.sorted { $0.key < $1.key }
    }
}
