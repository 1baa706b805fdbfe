/// Where a name of our lines stands in the Elastic Common Schema.
///
/// What ECS has no field for goes into `labels`, the schema's own place for it: every value there is a keyword, so no name of ours needs a
/// mapping, none can conflict with another's type, and all are found as `labels.NAME`. A field set of our own would need a mapping installed
/// before the first line.
///
/// Source: https://www.elastic.co/docs/reference/ecs
enum ECSField: Equatable {
    /// A field that holds a text.
    case text(String)
    /// A field that holds a whole number.
    case integer(String, Int64)
    /// `labels.NAME`.
    case label(String)

    /// - Parameters:
    ///   - name: the name in the metadata.
    ///   - value: decides for fields that are numbers; what is none becomes a label.
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

    /// Dots would make objects, which labels must not hold.
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
