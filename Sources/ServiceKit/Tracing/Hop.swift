package import Contrato
import Logging
package import Tracing

/// A request, or a command, as one span of its caller's trace.
package struct Hop: Sendable {
    /// Ends with the hop.
    package let span: any Span
    /// The span's place in the trace: what goes on to the next hop.
    package let traceparent: Traceparent

    /// Begins where the caller's trace goes on, or a new trace.
    /// - Parameters:
    ///   - name: bounded: a route, never what a caller sent.
    ///   - carrier: what came with the call.
    package init<Carrier, Extract: Extractor>(
        _ name: String, kind: SpanKind, from carrier: Carrier, using extractor: Extract, tracer: any Tracer
    ) where Extract.Carrier == Carrier {
        var context = InstrumentationContext.topLevel
        tracer.extract(carrier, into: &context, using: extractor)
        self.span = tracer.startAnySpan(name, context: context, ofKind: kind)
        self.traceparent = self.span.context.traceparent ?? Self.traceparent(of: self.span, tracer)
    }

    /// Of a tracer that is not ours.
    private static func traceparent(of span: any Span, _ tracer: any Tracer) -> Traceparent {
        var header: String?
        tracer.inject(span.context, into: &header, using: HeaderInjector())
        var random = SystemRandomNumberGenerator()
        return header.flatMap(Traceparent.init(parsing:)) ?? .new(using: &random)
    }
}

/// Keeps the one header that goes on.
private struct HeaderInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout String?) {
        if key == W3CTracer.header { carrier = value }
    }
}
