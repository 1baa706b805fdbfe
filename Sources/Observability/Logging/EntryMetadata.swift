import Contrato
package import FluxoDeCaixa
package import Logging

/// What lines about one entry carry, wherever on its way it is.
package enum EntryMetadata {
    /// The entry's id, and the trace that it belongs to.
    /// - Parameter traceparent: as it is carried with the entry; what is no trace context is left out.
    package static func make(_ id: LancamentoID, traceparent: String?) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["lancamento": "\(id)"]
        if let trace = traceparent.flatMap(Traceparent.init(parsing:)) {
            metadata["trace.id"] = "\(trace.traceID)"
            metadata["span.id"] = "\(trace.spanID)"
        }
        return metadata
    }
}
