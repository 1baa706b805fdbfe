import HTTPTypes
import Hummingbird

/// Allows pages of the configured origins to read answers (Fetch standard, §3.3 HTTP-CORS protocol).
///
/// Not Hummingbird's `CORSMiddleware`: it has no list of origins, and leaves errors and 405 without the headers.
///
/// Credentials are never allowed: tokens are sent in `Authorization`, which a page sets itself, and not in cookies.
struct CORSMiddleware: EdgeMiddleware {
    private let origins: CORSOrigins
    private let exposed: String

    /// Request headers beyond the CORS-safelisted ones.
    private static let requestHeaders = "Accept, Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer, traceparent"
    private static let responseHeaders = ["ETag", "Location", "Idempotent-Replayed", "Retry-After", "X-Request-Id"]
    /// How long a browser may cache the answer to a preflight.
    private static let preflightMaxS = 600

    init(_ origins: CORSOrigins, exposesRateLimit: Bool) {
        self.origins = origins
        let limit = exposesRateLimit ? [HTTPField.Name.rateLimit.rawName, HTTPField.Name.rateLimitPolicy.rawName] : []
        self.exposed = (Self.responseHeaders + limit).joined(separator: ", ")
    }

    func handle(_ request: Request, context: CallContext, next: Next) async throws -> Response {
        var response = try await next(request, context)
        self.decorate(&response.headers, of: request)
        return response
    }

    /// Adds the headers to every answer, refusals included: without them the page could not read the status.
    private func decorate(_ headers: inout HTTPFields, of request: Request) {
        switch self.origins {
        case .none: return
        case .all: headers[.accessControlAllowOrigin] = "*"
        case .list(let origins):
            // The answer to another origin differs, so a cache must not reuse this one for it.
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

/// The origins whose pages may read answers (`http.cors.origens`).
package enum CORSOrigins: Sendable, Equatable {
    case none
    case all
    case list(Set<String>)

    /// Comma separated origins as browsers write them (RFC 6454 §6.1): `https://app.example`, `http://localhost:3000`, lower case, no
    /// slash at the end; or `*` alone. `nil`: something else.
    package init?(parsing text: String) {
        if text == "*" {
            self = .all
            return
        }
        let origins = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }.map {
            var origin = $0
            while origin.last == " " { origin.removeLast() }
            return String(origin)
        }
        guard origins.allSatisfy(Self.isOrigin) else { return nil }
        self = .list(Set(origins))
    }

    private static func isOrigin(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else { return false }
        let authority = text.dropFirst(scheme.count)
        return !authority.isEmpty
            && authority.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }
}
