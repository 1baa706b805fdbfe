import Contrato
import NIOConcurrencyHelpers

/// Counts the requests that are being handled, so that an overload is answered at once instead of making everybody wait.
///
/// What comes faster than it can be handled would queue up inside the server, where nobody refuses it: each request then waits behind all
/// others, and even what is accepted comes too late to be of use.
final class Admission: Sendable {
    private let requestsMax: Int
    private let requests = NIOLockedValueBox(0)

    /// - Parameter requestsMax: how many may be handled at the same time.
    init(requestsMax: Int) {
        self.requestsMax = requestsMax
    }

    /// Handles a request, if it is not one too many.
    /// - Throws: `sobrecarga` if it is: before its body was looked at, because refusing must cost little; else what `handle` throws.
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

    /// Does not count a request that is being handled while it waits for something that costs nothing; there is a limit of its own for those.
    func uncounted<Value, Failure>(_ wait: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        self.requests.withLockedValue { $0 -= 1 }
        // Without asking again: it was admitted once.
        defer { self.requests.withLockedValue { $0 += 1 } }
        return try await wait()
    }
}
