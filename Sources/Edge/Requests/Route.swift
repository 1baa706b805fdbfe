package import Access
package import HTTPTypes
package import Hummingbird

/// One call of the API.
package struct Route: Sendable {
    /// Who may call it.
    package enum Access: Sendable {
        /// Every caller, without a token.
        case open
        /// Callers whose token has this scope.
        case scope(Scope)
    }

    /// The time limit of a request.
    package enum Pace: Sendable {
        /// Complete within `http.requisicao_max_s`.
        case complete
        /// No total limit; the client must not pause longer than `http.requisicao_max_s`. For bodies read as a stream.
        case moving
    }

    package typealias Handler = @Sendable (Request, CallContext) async throws -> Response

    package let method: HTTPRequest.Method
    /// A template such as `/v1/lancamentos/{id}`; also the label `route` in metrics.
    package let path: String
    package let access: Access
    package let pace: Pace
    /// Whether the answer is a stream that stays open. Thousands of such streams may be open at the same time.
    package let staysOpen: Bool
    package let handler: Handler

    /// - Parameter method: a `GET` route also serves `HEAD`; every path answers `OPTIONS`.
    package init(
        _ method: HTTPRequest.Method, _ path: String, access: Access, pace: Pace = .complete, staysOpen: Bool = false,
        handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.pace = pace
        self.staysOpen = staysOpen
        self.handler = handler
    }
}
