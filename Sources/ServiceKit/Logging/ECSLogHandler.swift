package import FluxoDeCaixa
import Foundation
package import Logging

/// Writes one JSON object an event, in one line, with the fields of the Elastic Common Schema; what ECS has no field for is in `labels`
/// (``ECSField``).
///
/// Names are written with dots, as Elastic's own log libraries write them; the three that a person looks for come first.
/// Source: https://github.com/elastic/ecs-logging/blob/main/spec/spec.json
package struct ECSLogHandler: LogHandler {
    /// All fields used here are in ECS since version 1; this is the version whose types they have.
    static let ecsVersion = "8.11.0"
    /// Equal to the `data_stream.dataset` that the lines end up in (`logs-fluxo-default`), as ECS asks; `service.name` tells the services apart.
    static let dataset = "fluxo"

    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private var ownLevel: Logger.Level?
    private let level: LogLevel
    /// The members that are the same in every line.
    private let constant: [UInt8]
    private let agora: @Sendable () -> Instante
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - label: `log.logger`.
    ///   - service: `service.name`.
    ///   - level: what all loggers share; one that was given a level of its own has that.
    ///   - write: gets a whole line with its line break; standard error unless told.
    package init(
        label: String, service: ServiceName, level: LogLevel, agora: @escaping @Sendable () -> Instante = SystemClock.agora,
        write: @escaping @Sendable ([UInt8]) -> Void = StandardError.write
    ) {
        self.level = level
        self.agora = agora
        self.write = write
        var constant = JSONLine()
        constant.text("ecs.version", Self.ecsVersion)
        constant.text("service.name", service.rawValue)
        constant.text("service.version", ServiceVersion.current)
        constant.text("event.dataset", Self.dataset)
        constant.integer("process.pid", Int64(ProcessInfo.processInfo.processIdentifier))
        constant.text("log.logger", label)
        self.constant = constant.members
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
        var line = JSONLine()
        line.text("@timestamp", self.agora().description)
        line.text("log.level", event.level.rawValue)
        line.text("message", event.message.description)
        line.append(self.constant)
        // No member may appear twice: the first name for a field counts.
        var taken: Set<String> = []
        if let error = event.error {
            line.text("error.message", "\(error)")
            line.text("error.type", String(reflecting: type(of: error)))
            taken.insert("error.message")
        }
        for (name, value) in self.allMetadata(of: event) {
            let text = value.description
            switch ECSField(name, value: text) {
            case .text(let field) where taken.insert(field).inserted: line.text(field, text)
            case .integer(let field, let number) where taken.insert(field).inserted: line.integer(field, number)
            case .label(let label) where taken.insert("labels." + label).inserted: line.text(label, prefix: "labels.", text)
            case .text, .integer, .label: break
            }
        }
        line.end()
        self.write(line.bytes)
    }
}
