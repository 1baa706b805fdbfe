import Access
import Contrato
import CoreMetrics
package import Hummingbird
import Logging
import NIOCore
import Observability
import Tracing

/// Answers every request: finds its resource, then runs the chain of middlewares around the route's handler.
package struct HTTPEdge: HTTPResponder {
    private let table: RouteTable
    /// The chain, and the route's handler at its end.
    private let answer: Route.Handler
    private let admission: Admission
    private let bodyMaxBytes: Int
    private let tracer: any Tracer

    init(
        routes: [Route], settings: HTTPSettings, urlPublica: String, authenticator: Authenticator, metrics: any MetricsFactory,
        tracer: any Tracer, logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.table = RouteTable(routes)
        let chain = Self.chain(
            settings, problems: ProblemsMiddleware(problems: ProblemResponse(urlPublica: urlPublica), logger: logger),
            authenticator: authenticator, limiter: settings.rate.map { RateLimiter($0, now: now) }, metrics: EdgeMetrics(factory: metrics),
            logger: logger)
        self.answer = Self.answer(through: chain)
        self.admission = Admission(requestsMax: settings.requestsMax)
        self.bodyMaxBytes = settings.bodyMaxBytes
        self.tracer = tracer
    }

    /// The order of refusals: 404, 405, 401, 429, 403 for the scope, 503 for too many requests; then the handler's own.
    private static func chain(
        _ settings: HTTPSettings, problems: ProblemsMiddleware, authenticator: Authenticator, limiter: RateLimiter?, metrics: EdgeMetrics,
        logger: Logger
    ) -> [any EdgeMiddleware] {
        // Each of these decorates every answer, refusals included.
        var chain: [any EdgeMiddleware] = [
            ObservationMiddleware(metrics: metrics, logger: logger),
            ConnectionReuseMiddleware(bodyMaxBytes: settings.bodyMaxBytes),
        ]
        if settings.corsOrigins != .none { chain.append(CORSMiddleware(settings.corsOrigins, exposesRateLimit: limiter != nil)) }
        chain += [ContentCodingMiddleware(), problems]
        // Each of these may refuse the request.
        chain += [RoutingMiddleware(), AuthenticationMiddleware(authenticator: authenticator)]
        if let limiter { chain.append(RateLimitMiddleware(limiter: limiter, problems: problems)) }
        return chain + [ScopeMiddleware(), AdmissionMiddleware()]
    }

    package func respond(to request: Request, context: EdgeContext) async throws -> Response {
        let target = RequestTarget(request.head.path ?? "")
        let match = self.table.match(target.path)
        let call = CallContext(
            match: match, method: request.method, query: target.query,
            hop: Hop(
                match?.resource.path ?? CallContext.unknownRoute, kind: .server, from: request.headers, using: HTTPFieldsExtractor(),
                tracer: self.tracer),
            body: RequestBodyReader(maxBytes: self.bodyMaxBytes, channel: context.channel), channel: context.channel,
            admission: self.admission)
        return call.route?.staysOpen == true ? try await self.answerInChild(request, call) : try await self.answer(request, call)
    }

    /// Runs the chain in a task of its own.
    ///
    /// A task keeps the memory of its deepest call until it ends, and a connection is a task. A connection whose stream stays open would
    /// keep the memory of the whole chain; this task's is free when the answer's head is known.
    private func answerInChild(_ request: Request, _ call: CallContext) async throws -> Response {
        async let response = self.answer(request, call)
        return try await response
    }

    /// Composes a chain with the route's handler at its end.
    private static func answer(through chain: [any EdgeMiddleware]) -> Route.Handler {
        var answer: Route.Handler = { request, call in
            guard let route = call.route else { preconditionFailure("RoutingMiddleware answers requests without a route") }
            if case .moving = route.pace { call.body.keepMoving() }
            return try await route.handler(request, call)
        }
        for middleware in chain.reversed() {
            let next = answer
            answer = { try await middleware.handle($0, context: $1, next: next) }
        }
        return answer
    }
}

/// A middleware of the chain.
///
/// Not Hummingbird's protocol and result builder: through their generic types each middleware has three frames in place of one, and they
/// cost 3 % of a request. A task keeps the memory of its deepest call until it ends, and a connection is a task.
protocol EdgeMiddleware: Sendable {
    typealias Next = (Request, CallContext) async throws -> Response

    func handle(_ request: Request, context: CallContext, next: Next) async throws -> Response
}
