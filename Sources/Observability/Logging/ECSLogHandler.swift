import Contrato
package import FluxoDeCaixa
import Foundation
package import Logging

/// Writes each event as one JSON object in one line, with the fields of the Elastic Common Schema; metadata without an ECS field is in
/// `labels` (``ECSField``).
///
/// Names contain dots, as in Elastic's own log libraries; time, level and message are first.
/// Source: https://github.com/elastic/ecs-logging/blob/main/spec/spec.json
package struct ECSLogHandler: LogHandler {
    /// All fields used here exist in ECS since version 1; their types are those of this version.
    static let ecsVersion = "8.11.0"
    /// Equal to the `data_stream.dataset` of the stored lines (`logs-fluxo-default`), as ECS requires; `service.name` differs by service.
    package static let dataset = "fluxo"

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
    ///   - level: shared by all loggers; a level set on one logger overrides it.
    ///   - write: receives a whole line with its line break.
    package init(
        label: String, service: String, level: LogLevel, agora: @escaping @Sendable () -> Instante,
        write: @escaping @Sendable ([UInt8]) -> Void = StandardError.write
    ) {
        self.level = level
        self.agora = agora
        self.write = write
        var constant = JSONLine()
        constant.text("ecs.version", Self.ecsVersion)
        constant.text("service.name", service)
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
        var written: Set<String> = []
        if let error = event.error {
            line.text("error.message", "\(error)")
            line.text("error.type", String(reflecting: type(of: error)))
            written.insert("error.message")
        }
        for (name, value) in self.allMetadata(of: event) {
            let text = value.description
            switch ECSField(name, value: text) {
            case .text(let field) where written.insert(field).inserted: line.text(field, text)
            case .integer(let field, let number) where written.insert(field).inserted: line.integer(field, number)
            case .label(let label) where written.insert("labels." + label).inserted: line.text(label, prefix: "labels.", text)
            case .text, .integer, .label: break
            }
        }
        line.end()
        self.write(line.bytes)
    }
}

/// The field of the Elastic Common Schema for a name in the metadata.
///
/// Names without an ECS field go into `labels`: every value there is a keyword, so no name needs a mapping and no types conflict. A custom
/// field set would need a mapping installed before the first line.
///
/// Source: https://www.elastic.co/docs/reference/ecs
enum ECSField: Equatable {
    case text(String)
    /// A field that holds a whole number.
    case integer(String, Int64)
    /// `labels.NAME`.
    case label(String)

    /// - Parameters:
    ///   - name: the name in the metadata.
    ///   - value: a value of a numeric field that is no number becomes a label.
    init(_ name: String, value: String) {
        switch name {
        case "trace.id", "transaction.id", "span.id": self = .text(name)
        case "error", "failure": self = .text("error.message")
        case "pedido": self = .text("http.request.id")
        case "method": self = .text("http.request.method")
        case "host": self = .text("server.address")
        case "status": self = Int64(value).map { ECSField.integer("http.response.status_code", $0) } ?? .label(name)
        case "port": self = Int64(value).map { ECSField.integer("server.port", $0) } ?? .label(name)
        // ECS counts durations in nanoseconds.
        case "us": self = Int64(value).map { ECSField.integer("event.duration", $0.multipliedClamped(by: 1000)) } ?? .label(name)
        default: self = .label(Self.labelName(name))
        }
    }

    /// Dots would make objects, which labels must not contain.
    private static func labelName(_ name: String) -> String {
        String(name.lowercased().unicodeScalars.map { Self.isPlain($0) ? Character($0) : "_" })
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "_"
    }
}

extension Int64 {
    fileprivate func multipliedClamped(by factor: Int64) -> Int64 {
        let (product, overflow) = self.multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
