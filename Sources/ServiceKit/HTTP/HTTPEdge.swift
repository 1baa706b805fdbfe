import Contrato
import CoreMetrics
import HTTPTypes
package import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Tracing

/// Answers every request: finds the route, asks who calls, runs the handler, and turns whatever happens into a documented answer.
///
/// The first that applies is answered: 404 for the path, 405, 401, 429, 403 for the scope, 503 with too many requests at the same time; then
/// the handler's own order.
package struct HTTPEdge: HTTPResponder {
    private let table: RouteTable
    private let authenticator: Authenticator
    private let limiter: RateLimiter?
    private let admission: Admission
    private let cors: CORS
    private let problems: ProblemResponse
    private let metrics: EdgeMetrics
    private let bodyMaxBytes: Int
    private let tracer: any Tracer
    private let logger: Logger

    init(
        routes: [Route], configuration: HTTPConfiguration, urlPublica: String, authenticator: Authenticator, metrics: any MetricsFactory,
        tracer: any Tracer, logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.table = RouteTable(routes)
        self.authenticator = authenticator
        self.admission = Admission(requestsMax: configuration.pedidosMax)
        self.limiter = configuration.taxa.map { RateLimiter($0, now: now) }
        self.cors = CORS(configuration.origensCORS, exposesRateLimit: configuration.taxa != nil)
        self.problems = ProblemResponse(urlPublica: urlPublica)
        self.metrics = EdgeMetrics(factory: metrics)
        self.bodyMaxBytes = configuration.corpoMaxBytes
        self.tracer = tracer
        self.logger = logger
    }

    /// What belongs to one request while it is answered.
    private struct Exchange {
        let requestID = RequestID.new()
        let body: RequestBodyReader
        let waits = RequestWaits()
        let hop: Hop
        let channel: any Channel

        /// For lines about it. Made where a line is written: most requests write none.
        var metadata: Logger.Metadata {
            [
                "pedido": "\(self.requestID)", "trace.id": "\(self.hop.traceparent.traceID)",
                "transaction.id": "\(self.hop.traceparent.spanID)",
            ]
        }
    }

    package func respond(to request: Request, context: EdgeContext) async throws -> Response {
        let start = ContinuousClock.now
        let target = RequestTarget(request.head.path ?? "")
        let match = self.table.match(target.path)
        let route = match?.resource.path ?? "nao-encontrada"
        let exchange = Exchange(
            body: RequestBodyReader(maxBytes: self.bodyMaxBytes, channel: context.channel),
            hop: Hop(route, kind: .server, from: request.headers, using: HTTPFieldsExtractor(), tracer: self.tracer),
            channel: context.channel
        )
        defer { exchange.hop.span.end() }
        let coding = ContentCoding(request)
        var response: Response
        var failed = false
        var headers = HTTPFields()
        do {
            response = try await self.answer(coding.request(request), match: match, query: target.query, exchange, headers: &headers)
        } catch let error as HTTPParserError {
            // What the HTTP parser cannot read is answered by the server library, below everything here.
            throw error
        } catch {
            if case .unparsable(let parserError) = exchange.body.state { throw parserError }
            failed = true
            response = self.failure(error, request: request, exchange)
        }
        response.headers.append(contentsOf: headers)
        response.headers[.requestID] = exchange.requestID
        await coding.apply(to: &response, of: request)
        self.cors.decorate(&response.headers, of: request)
        if request.method == .head { response = Self.withoutBody(response) }
        if self.mustClose(request, body: exchange.body, failed: failed) { response.headers[.connection] = "close" }
        self.note(request.method, route, response.status.code, start.duration(to: .now), exchange)
        return response
    }

    /// Tells metrics, trace and log of an answer.
    private func note(_ method: HTTPRequest.Method, _ route: String, _ status: Int, _ duration: Duration, _ exchange: Exchange) {
        self.metrics.record(method: method, route: route, status: status, duration: duration, waited: exchange.waits.total)
        if exchange.hop.span.isRecording {
            exchange.hop.span.updateAttributes { attributes in
                attributes["http.request.method"] = method.rawValue
                attributes["http.route"] = route
                attributes["http.response.status_code"] = status
            }
            if status >= 500 { exchange.hop.span.setStatus(SpanStatus(code: .error)) }
        }
        self.logger.debug(
            "request answered",
            metadata: exchange.metadata.merging([
                "method": "\(method.rawValue)", "route": "\(route)", "status": "\(status)", "us": "\(duration.nanoseconds / 1000)",
            ]) { $1 })
    }

    /// - Parameter headers: gets what belongs into the answer even if this throws.
    private func answer(
        _ request: Request, match: RouteTable.Match?, query: Substring?, _ exchange: Exchange, headers: inout HTTPFields
    ) async throws -> Response {
        guard let match else { throw Problema(.naoEncontrado, detail: "Este caminho não existe.") }
        if request.method == .options {
            return Response(status: .noContent, headers: [.allow: match.resource.allow])
        }
        let method = request.method == .head ? .get : request.method
        guard let route = match.resource.routes[method] ?? match.resource.routes[request.method] else {
            var response = self.problems.make(
                ProblemaHTTP(Problema(.metodo, detail: "Este caminho aceita \(match.resource.allow).")), request: request,
                requestID: exchange.requestID)
            response.headers[.allow] = match.resource.allow
            return response
        }
        let identidade = try await self.admit(request, to: route, headers: &headers)
        if case .moving = route.pace {
            exchange.channel.triggerUserOutboundEvent(RequestPaceEvent.keepMoving, promise: nil)
        }
        let scope = RequestScope(
            requestID: exchange.requestID, identidade: identidade, traceparent: exchange.hop.traceparent, body: exchange.body,
            admission: self.admission, waits: exchange.waits, parameters: match.parameters, rawQuery: query)
        // What is open to all is for the operator, who needs it under overload most of all.
        if case .open = route.access { return try await route.handler(request, scope) }
        return try await self.admission.counted { try await route.handler(request, scope) }
    }

    /// Who calls, if they may: 401, then 429, then 403.
    private func admit(_ request: Request, to route: Route, headers: inout HTTPFields) async throws -> Identidade {
        guard case .scope(let escopo) = route.access else { return .ninguem }
        let identidade = try await self.authenticator.identidade(authorization: request.headers[.authorization])
        if let limiter = self.limiter {
            let decision = limiter.take(identidade.sub)
            headers = limiter.headers(decision)
            guard decision.isAllowed else {
                throw ProblemaHTTP(
                    Problema(.limiteDeTaxa, detail: "Pedidos demais; o próximo é aceito em \(decision.retryAfterS) s."),
                    retryAfterS: decision.retryAfterS)
            }
        }
        try identidade.exigir(escopo)
        return identidade
    }

    /// Nothing thrown becomes a 500. What nobody foresaw is answered with the documented problem that promises least: of a call that
    /// changes something, that its outcome is not known; of the others, that the service cannot answer now.
    private func failure(_ error: any Error, request: Request, _ exchange: Exchange) -> Response {
        let problem: ProblemaHTTP
        switch error {
        case let known as ProblemaHTTP: problem = known
        case let known as Problema: problem = ProblemaHTTP(known)
        case let faults as ErrosDeCampo: problem = ProblemaHTTP(Problema(faults))
        case is RequestTooSlow, is ChannelError, is IOError:
            // Of a body that a handler reads as a stream: the caller's connection, not our work, went wrong.
            problem = ProblemaHTTP(Problema(.ilegivel, detail: "O corpo não chegou inteiro."))
        default:
            // Its kind alone: nobody knows what the text of an error holds that nobody foresaw.
            let kind = String(reflecting: type(of: error))
            self.logger.error("unexpected error in a handler", metadata: exchange.metadata.merging(["error": "\(kind)"]) { $1 })
            let safe = request.method == .get || request.method == .head
            problem = ProblemaHTTP(
                safe
                    ? Problema(.sobrecarga, detail: "O serviço não pôde responder agora.")
                    : Problema(.resultadoDesconhecido, detail: "Não se sabe se o pedido foi executado; consulte antes de repetir."))
        }
        return self.problems.make(problem, request: request, requestID: exchange.requestID)
    }

    /// Whether the connection is of no use after the answer: what is left of the body is too long to be read away or never comes, or what
    /// follows would be taken for another protocol.
    private func mustClose(_ request: Request, body: RequestBodyReader, failed: Bool) -> Bool {
        if request.head.asksForUpgrade { return true }
        switch body.state {
        case .complete, .unparsable: return false
        // A handler that failed did not say how far it had read.
        case .streamed: return failed
        case .broken: return true
        case .untouched, .partial:
            switch DeclaredBody(request.headers) {
            case .none: return false
            case .chunked: return true
            case .length(let length): return length > self.bodyMaxBytes || request.headers[.expect] != nil
            }
        }
    }

    /// The same head. Without a known length the connection's handler leaves out the end of the chunked body.
    private static func withoutBody(_ response: Response) -> Response {
        guard response.body.contentLength == nil else {
            return Response(status: response.status, headers: response.headers)
        }
        return Response(
            status: response.status, headers: response.headers,
            body: ResponseBody(contentLength: nil) { try await $0.finish(nil) })
    }
}

extension HTTPField.Name {
    static let requestID = Self("X-Request-Id")!
}
