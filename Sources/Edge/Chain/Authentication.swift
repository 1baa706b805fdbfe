import Access
import HTTPTypes
import Hummingbird

/// Identifies the caller of routes that require a token (401).
struct AuthenticationMiddleware: EdgeMiddleware {
    let authenticator: Authenticator

    func handle(_ request: Request, context: CallContext, next: Next) async throws -> Response {
        guard case .scope? = context.route?.access else { return try await next(request, context) }
        var context = context
        context.identity = try await self.authenticator.identity(authorization: request.headers[.authorization])
        return try await next(request, context)
    }
}

/// Refuses callers without the scope of the route (403).
struct ScopeMiddleware: EdgeMiddleware {
    func handle(_ request: Request, context: CallContext, next: Next) async throws -> Response {
        if case .scope(let scope)? = context.route?.access { try context.identity.require(scope) }
        return try await next(request, context)
    }
}
