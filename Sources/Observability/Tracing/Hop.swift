package import Contrato
package import FluxoDeCaixa
package import Logging
package import Tracing

/// A request, or a command, as one span of its caller's trace.
package struct Hop: Sendable {
    /// The caller ends it with the hop.
    package let span: any Span
    /// The span's position in the trace, which the next hop receives.
    package let traceparent: Traceparent

    /// Continues the caller's trace, or begins a new one.
    /// - Parameters:
    ///   - name: from a bounded set: a route, never a caller's text.
    ///   - carrier: the headers of the call.
    package init<Carrier, Extract: Extractor>(
        _ name: String, kind: SpanKind, from carrier: Carrier, using extractor: Extract, tracer: any Tracer
    ) where Extract.Carrier == Carrier {
        var context = InstrumentationContext.topLevel
        tracer.extract(carrier, into: &context, using: extractor)
        self.span = tracer.startAnySpan(name, context: context, ofKind: kind)
        self.traceparent = self.span.context.traceparent ?? Self.traceparent(of: self.span, tracer)
    }

    /// For a tracer other than ``W3CTracer``.
    private static func traceparent(of span: any Span, _ tracer: any Tracer) -> Traceparent {
        var header: String?
        tracer.inject(span.context, into: &header, using: HeaderInjector())
        var random = BufferedRandom()
        return header.flatMap(Traceparent.init(parsing:)) ?? .new(using: &random)
    }
}

/// Keeps the header of the next hop.
private struct HeaderInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout String?) {
        if key == W3CTracer.header { carrier = value }
    }
}

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
