import Contrato
import Hummingbird
import NIOConcurrencyHelpers

/// Refuses requests while too many are being handled (503). It runs before the body is read, so that a refusal costs little.
///
/// Requests to open routes are not counted: operators need them most under overload.
struct AdmissionMiddleware: EdgeMiddleware {
    func handle(_ request: Request, context: CallContext, next: Next) async throws -> Response {
        guard case .scope? = context.route?.access else { return try await next(request, context) }
        return try await context.admission.counted { try await next(request, context) }
    }
}

/// Counts the requests that are being handled.
///
/// Without a limit, requests would queue inside the server: each would wait behind all others, and even accepted ones would be answered too
/// late.
final class Admission: Sendable {
    private let requestsMax: Int
    private let requests = NIOLockedValueBox(0)

    /// - Parameter requestsMax: requests handled at the same time.
    init(requestsMax: Int) {
        self.requestsMax = requestsMax
    }

    /// Handles a request if the limit allows it.
    /// - Throws: `sobrecarga` if it does not; else the errors of `handle`.
    func counted<Value>(_ handle: () async throws -> Value) async throws -> Value {
        let isAdmitted = self.requests.withLockedValue { requests in
            guard requests < self.requestsMax else { return false }
            requests += 1
            return true
        }
        guard isAdmitted else { throw Problema(.sobrecarga, detail: "O serviço atende pedidos demais agora.") }
        defer { self.requests.withLockedValue { $0 -= 1 } }
        return try await handle()
    }

    /// Excludes an admitted request from the count during a wait that uses no resources; such waits have a limit of their own.
    func uncounted<Value, Failure>(_ wait: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        self.requests.withLockedValue { $0 -= 1 }
        // It was admitted before, so the limit does not apply again.
        defer { self.requests.withLockedValue { $0 += 1 } }
        return try await wait()
    }
}
