package import Logging

/// What is written to the log, and how.
package struct LogConfiguration: Sendable, Equatable {
    /// Lines below it are not written; while the process runs, ``LogLevel`` decides.
    package var nivel: Logger.Level
    package var formato: LogFormat

    init(_ values: ConfigurationValues) throws(ConfigurationError) {
        self.nivel = try Self.read("log.nivel", values)
        self.formato = try Self.read("log.formato", values)
    }

    /// Reads the configuration anew: what an operator has changed since the start.
    ///
    /// - Throws: the first fault found anywhere in it, as one line; see ``Configuration/load(service:file:environment:)``.
    package static func load(
        service: ServiceName, file: String? = nil, environment: [String: String]
    ) async throws(ConfigurationError) -> LogConfiguration {
        try LogConfiguration(await ConfigurationValues(service: service, file: file, environment: environment))
    }

    private static func read<Word: RawRepresentable<String>>(
        _ name: String, _ values: ConfigurationValues
    ) throws(ConfigurationError) -> Word {
        let text = try values.required(name)
        guard let word = Word(rawValue: text) else { throw .invalid(values.key(name), value: text, from: name) }
        return word
    }
}
