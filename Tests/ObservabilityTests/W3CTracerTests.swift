import Contrato
import Testing
import Tracing

@testable import Observability

@Suite struct W3CTracerTests {
    private struct Headers: Extractor {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    }

    private static let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private func hop(_ headers: [String: String], tracer: any Tracer = W3CTracer()) -> Hop {
        Hop("/v1/lancamentos", kind: .server, from: headers, using: Headers(), tracer: tracer)
    }

    @Test func `a caller's trace goes on with a span of the hop`() {
        let hop = self.hop(["traceparent": Self.header])
        #expect(hop.traceparent.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(hop.traceparent.spanID != "00f067aa0ba902b7")
        #expect(hop.traceparent.isSampled)
        #expect(!hop.span.isRecording)
    }

    @Test(arguments: [
        [:] as [String: String], ["traceparent": "nonsense"], ["traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"],
    ])
    func `without a trace that can be read a new one begins, of each hop another`(headers: [String: String]) {
        let (one, other) = (self.hop(headers), self.hop(headers))
        #expect(Traceparent(parsing: one.traceparent.description) == one.traceparent)
        #expect(one.traceparent.traceID != other.traceparent.traceID)
        #expect(one.traceparent.traceID != "4bf92f3577b34da6a3ce929d0e0e4736")
    }

    @Test func `what is injected is what the next hop extracts`() {
        struct Fields: Injector {
            func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
        }
        let first = self.hop([:])
        var carrier: [String: String] = [:]
        W3CTracer().inject(first.span.context, into: &carrier, using: Fields())
        #expect(carrier["traceparent"] == first.traceparent.description)
        #expect(self.hop(carrier).traceparent.traceID == first.traceparent.traceID)
    }

    @Test func `another tracer's place in the trace is read from what it injects`() {
        #expect(self.hop([:], tracer: FixedTracer()).traceparent.description == Self.header)
        // One that carries nothing leaves no hop without a place.
        let lone = self.hop(["traceparent": Self.header], tracer: NoOpTracer()).traceparent
        #expect(Traceparent(parsing: lone.description) == lone)
    }

    /// Stands for an exporter's tracer, which keeps its context in its own way.
    private struct FixedTracer: Tracer {
        func startSpan<Instant: TracerInstant>(
            _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
            at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
        ) -> W3CTracer.Span { W3CTracer.Span(context: .topLevel) }

        func extract<Carrier, Extract: Extractor>(
            _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
        ) where Extract.Carrier == Carrier {}

        func inject<Carrier, Inject: Injector>(
            _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
        ) where Inject.Carrier == Carrier {
            injector.inject("1", forKey: "tracestate", into: &carrier)
            injector.inject(W3CTracerTests.header, forKey: "traceparent", into: &carrier)
        }

        func forceFlush() {}
    }
}
