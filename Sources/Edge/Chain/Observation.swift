import CoreMetrics
import HTTPTypes
import Hummingbird
import Logging
import Metrics
import NIOConcurrencyHelpers
package import Observability
import Tracing

/// Names each request (`X-Request-Id`) and reports its answer to metrics, trace and log.
struct ObservationMiddleware: EdgeMiddleware {
    let metrics: EdgeMetrics
    let logger: Logger

    func handle(_ request: Request, context: CallContext, next: Next) async throws -> Response {
        let start = ContinuousClock.now
        let span = context.hop.span
        defer { span.end() }
        var response = try await next(request, context)
        response.headers[.requestID] = context.requestID
        let (route, status, duration) = (context.routeLabel, response.status.code, start.duration(to: .now))
        self.metrics.record(
            method: request.method, route: route, status: status, duration: duration, waited: context.waits.total)
        if span.isRecording {
            span.updateAttributes { attributes in
                attributes["http.request.method"] = request.method.rawValue
                attributes["http.route"] = route
                attributes["http.response.status_code"] = status
            }
            if status >= 500 { span.setStatus(SpanStatus(code: .error)) }
        }
        self.logger.debug(
            "request answered",
            metadata: context.metadata.merging([
                "method": "\(request.method.rawValue)", "route": "\(route)", "status": "\(status)",
                "us": "\(duration.nanoseconds / 1000)",
            ]) { $1 })
        return response
    }
}

/// `http_requests_total{method,route,status}`, `http_request_duration_seconds{method,route}` and, for waits that callers requested,
/// `http_wait_duration_seconds{method,route}`.
///
/// The labels are bounded: known methods, route templates, statuses. Handles are cached, so that a request costs one look-up.
package final class EdgeMetrics: Sendable {
    private struct Key: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private struct Handles {
        let requests: Counter
        let duration: Timer
    }

    private let factory: any MetricsFactory
    private let handles = NIOLockedValueBox<[Key: Handles]>([:])

    init(factory: any MetricsFactory) {
        self.factory = factory
    }

    /// - Parameter waited: the part of `duration` that the caller requested as a wait.
    func record(method: HTTPRequest.Method, route: String, status: Int, duration: Duration, waited: Duration) {
        let known = Self.methods.contains(method) ? method.rawValue : "OUTRO"
        let key = Key(method: known, route: route, status: status)
        let handles = self.handles.withLockedValue { handles in
            if let known = handles[key] { return known }
            let labels = [("method", key.method), ("route", key.route)]
            let made = Handles(
                requests: Counter(
                    label: "http_requests_total", dimensions: labels + [("status", String(key.status))], factory: self.factory),
                duration: Timer(label: "http_request_duration_seconds", dimensions: labels, factory: self.factory)
            )
            handles[key] = made
            return made
        }
        handles.requests.increment()
        handles.duration.recordNanoseconds((duration - waited).nanoseconds)
        // Rare: the handle is not cached.
        if waited > .zero {
            Timer(
                label: "http_wait_duration_seconds", dimensions: [("method", key.method), ("route", key.route)], factory: self.factory
            ).recordNanoseconds(waited.nanoseconds)
        }
    }

    /// Help and buckets of the edge's metrics.
    package static let descriptions = [
        MetricDescription.counter("http_requests_total", "Requests answered, by method, route template and status."),
        MetricDescription.histogram("http_request_duration_seconds", "Time from a request's head to its answer, without requested waits."),
        MetricDescription.histogram("http_wait_duration_seconds", "Time of waits that callers requested (apos)."),
        MetricDescription.gauge("tls_certificate_expiry_timestamp_seconds", "When the listener's certificate expires, in Unix time."),
    ]

    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .patch, .delete, .options]
}

extension Duration {
    /// Whole nanoseconds, at most what 64 bits hold (292 years).
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole + attoseconds / 1_000_000_000
    }
}

/// Reads a caller's trace context from the headers of a request.
struct HTTPFieldsExtractor: Extractor {
    func extract(key: String, from carrier: HTTPFields) -> String? {
        if key == W3CTracer.header { return carrier[.traceparent] }
        return HTTPField.Name(key).flatMap { carrier[$0] }
    }
}

extension HTTPField.Name {
    static let requestID = Self("X-Request-Id")!
}
