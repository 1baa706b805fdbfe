import CoreMetrics
import HTTPTypes
import Metrics
import NIOConcurrencyHelpers

/// `http_requests_total{method,route,status}`, `http_request_duration_seconds{method,route}` and, where callers asked for a wait,
/// `http_wait_duration_seconds{method,route}`.
///
/// The labels are bounded: methods of the table, route templates, statuses. Handles are kept, so that a request costs one look-up.
final class EdgeMetrics: Sendable {
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

    /// - Parameter waited: the part of `duration` for which the caller had asked to wait.
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
        // Rare, and slow by nature: the handle is looked up each time.
        if waited > .zero {
            Timer(
                label: "http_wait_duration_seconds", dimensions: [("method", key.method), ("route", key.route)], factory: self.factory
            ).recordNanoseconds(waited.nanoseconds)
        }
    }

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
