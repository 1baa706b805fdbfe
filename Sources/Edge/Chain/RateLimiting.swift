import Access
import Contrato
import HTTPTypes
import Hummingbird

/// Limits the requests of each subject (429). Every answer to a counted request has the headers of the limit, refusals included.
struct RateLimitMiddleware: EdgeMiddleware {
    let limiter: RateLimiter
    /// Answers the errors of counted requests here, so that they have the headers as well.
    let problems: ProblemsMiddleware

    func handle(_ request: Request, context: CallContext, next: Next) async throws -> Response {
        guard case .scope? = context.route?.access else { return try await next(request, context) }
        let decision = self.limiter.take(context.identity.sub)
        var response = try await self.problems.handle(request, context: context) { request, context in
            guard decision.isAllowed else {
                throw ProblemaHTTP(
                    Problema(.limiteDeTaxa, detail: "Pedidos demais; o próximo é aceito em \(decision.retryAfterS) s."),
                    retryAfterS: decision.retryAfterS)
            }
            return try await next(request, context)
        }
        // draft-ietf-httpapi-ratelimit-headers-10 §3 and §4: the quota and its window in seconds; the rest and the seconds until it is full.
        let limit = self.limiter.limit
        response.headers[.rateLimitPolicy] = "\"padrao\";q=\(limit.burst);w=\(limit.windowS)"
        response.headers[.rateLimit] = "\"padrao\";r=\(decision.remaining);t=\(decision.fullInS)"
        return response
    }
}

extension HTTPField.Name {
    static let rateLimitPolicy = Self("RateLimit-Policy")!
    static let rateLimit = Self("RateLimit")!
}
