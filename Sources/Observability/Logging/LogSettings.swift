package import Logging
package import Settings

/// The level and the format of the log.
package struct LogSettings: Sendable, Equatable {
    /// The format of a line.
    package enum Format: String, Sendable, CaseIterable {
        /// For people: ``TextLogHandler``.
        case texto
        /// For Elastic: ``ECSLogHandler``.
        case ecs
    }

    /// Lines below this level are not written. ``LogLevel`` may change it while the process runs.
    package var level: Logger.Level
    package var format: Format

    /// The keys of this section.
    package static let keys = [
        SettingKey("log.nivel", .choice(Logger.Level.allCases.map(\.rawValue)), default: "info"),
        SettingKey("log.formato", .choice(Format.allCases.map(\.rawValue)), default: "texto"),
    ]

    package init(_ values: SettingValues) throws(SettingsError) {
        self.level = try Self.read("log.nivel", values)
        self.format = try Self.read("log.formato", values)
    }

    private static func read<Word: RawRepresentable<String>>(_ name: String, _ values: SettingValues) throws(SettingsError) -> Word {
        let text = try values.required(name)
        guard let word = Word(rawValue: text) else { throw .invalid(values.key(name), value: text, from: name) }
        return word
    }
}
