import HTTPTypes
import Hummingbird

/// Which pages of other origins may read our answers (Fetch standard, §3.3 HTTP-CORS protocol).
///
/// Credentials are never allowed: tokens travel in `Authorization`, which a page sets itself, not in cookies, which it does not.
struct CORS: Sendable {
    private let origins: OrigensCORS
    private let exposed: String

    /// What a page may send beyond the ever allowed.
    private static let requestHeaders = "Accept, Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer, traceparent"
    private static let responseHeaders = ["ETag", "Location", "Idempotent-Replayed", "Retry-After", "X-Request-Id"]
    /// How long a browser may remember the answer to a preflight.
    private static let preflightMaxS = 600

    init(_ origins: OrigensCORS, exposesRateLimit: Bool) {
        self.origins = origins
        let limit = exposesRateLimit ? [HTTPField.Name.rateLimit.rawName, HTTPField.Name.rateLimitPolicy.rawName] : []
        self.exposed = (Self.responseHeaders + limit).joined(separator: ", ")
    }

    /// Adds what a browser asks for to any answer, a refusal too: without it the page would not even learn its status.
    func decorate(_ headers: inout HTTPFields, of request: Request) {
        switch self.origins {
        case .nenhuma: return
        case .todas: headers[.accessControlAllowOrigin] = "*"
        case .lista(let origins):
            // The answer to another origin differs, so that no cache may hand out this one for it.
            headers.addVary("Origin")
            guard let origin = request.headers[.origin], origins.contains(origin) else { return }
            headers[.accessControlAllowOrigin] = origin
        }
        if request.method == .options, request.headers[.accessControlRequestMethod] != nil {
            headers[.accessControlAllowMethods] = headers[.allow]
            headers[.accessControlAllowHeaders] = Self.requestHeaders
            headers[.accessControlMaxAge] = String(Self.preflightMaxS)
        } else {
            headers[.accessControlExposeHeaders] = self.exposed
        }
    }
}
