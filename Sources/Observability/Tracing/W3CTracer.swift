import Contrato
package import Tracing

/// Propagates the W3C trace context, so that one entry can be followed by `trace.id` through the logs of both services. It records and
/// exports nothing; a span is its position in the trace, without a lock or a clock.
///
/// To export spans, bootstrap another tracer (`InstrumentationSystem.bootstrap(_:)` of swift-distributed-tracing, once per process), such as
/// swift-otel's. All code uses that library's API, so nothing else changes. Requests and commands are spans; batches are not.
///
/// `tracestate` is not propagated: the outbox stores `traceparent` only, and the recommendation allows dropping it (§3.3.1.1).
package struct W3CTracer: Tracer {
    package typealias Span = NoOpTracer.Span

    package static let header = "traceparent"

    package init() {}

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> Span {
        var random = BufferedRandom()
        var context = context()
        context.traceparent = context.traceparent?.child(using: &random) ?? .new(using: &random)
        return Span(context: context)
    }

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let text = extractor.extract(key: Self.header, from: carrier) else { return }
        context.traceparent = Traceparent(parsing: text)
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let traceparent = context.traceparent else { return }
        injector.inject(traceparent.description, forKey: Self.header, into: &carrier)
    }

    package func forceFlush() {}
}

private enum TraceparentKey: InstrumentationContextKey {
    typealias Value = Traceparent
}

extension InstrumentationContext {
    /// The position that ``W3CTracer`` stores; nil in contexts of another tracer.
    var traceparent: Traceparent? {
        get { self[TraceparentKey.self] }
        set { self[TraceparentKey.self] = newValue }
    }
}
