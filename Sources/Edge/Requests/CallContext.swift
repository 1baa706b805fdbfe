package import Access
package import Contrato
import HTTPTypes
import Hummingbird
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Observability

/// One request on its way through the chain and in its handler.
package struct CallContext: Sendable {
    /// The label `route` of requests to unknown paths.
    static let unknownRoute = "nao-encontrada"

    /// UUIDv4 text, lower case: the header `X-Request-Id`, `instance` of a problem, `pedido` in logs.
    package let requestID: String
    /// The caller; on an open route ``Identity/nobody``.
    package internal(set) var identity: Identity
    /// The route's span in the caller's trace.
    let hop: Hop
    /// Reads the body, once.
    package let body: RequestBodyReader
    let channel: any Channel
    let admission: Admission
    let waits = RequestWaits()
    /// Nil for an unknown path.
    let resource: RouteTable.Resource?
    /// Nil where the resource does not support the method.
    let route: Route?
    private let parameters: [String: String?]
    private let rawQuery: Substring?

    init(
        match: RouteTable.Match?, method: HTTPRequest.Method, query: Substring?, hop: Hop, body: RequestBodyReader, channel: any Channel,
        admission: Admission
    ) {
        self.requestID = RequestID.new()
        self.identity = .nobody
        self.hop = hop
        self.body = body
        self.channel = channel
        self.admission = admission
        self.resource = match?.resource
        self.route = match?.resource.route(for: method)
        self.parameters = match?.parameters ?? [:]
        self.rawQuery = query
    }

    /// The caller's trace with this request as its span, or a new trace.
    package var traceparent: Traceparent { self.hop.traceparent }

    /// The template of the path, for metrics.
    var routeLabel: String { self.resource?.path ?? Self.unknownRoute }

    /// Metadata of log lines about this request. Computed on use: most requests write no line.
    var metadata: Logger.Metadata {
        [
            "pedido": "\(self.requestID)", "trace.id": "\(self.traceparent.traceID)", "transaction.id": "\(self.traceparent.spanID)",
        ]
    }

    /// Waits for an event because the caller asked to; the wait itself uses no resources. During the wait the request does not count against
    /// `http.pedidos_max`, and the time is not part of `http_request_duration_seconds`.
    package func waiting<Value, Failure>(_ wait: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        try await self.waits.counting { () throws(Failure) in try await self.admission.uncounted(wait) }
    }

    /// A path parameter, decoded.
    ///
    /// - Throws: `ilegivel` if its percent-encoding or UTF-8 is malformed. Handlers with a body read that first: faults of its media type or
    ///   length have precedence.
    package func parameter(_ name: String) throws(Problema) -> String {
        guard let value = self.parameters[name] else {
            preconditionFailure("the route has no parameter \(name)")
        }
        guard let value else {
            throw Problema(.ilegivel, detail: "O caminho tem codificação por cento ou UTF-8 inválidos.")
        }
        return value
    }

    /// The query's parameters.
    ///
    /// - Throws: `ilegivel` if percent-encoding or UTF-8 is malformed.
    package func query() throws(Problema) -> QueryParameters {
        try QueryParameters(parsing: self.rawQuery)
    }
}

/// The time that one request waited on request of its caller; not part of the service's own time.
struct RequestWaits: Sendable {
    private let waited = NIOLockedValueBox(Duration.zero)

    var total: Duration { self.waited.withLockedValue { $0 } }

    /// Counts the time of `wait`, also if it throws.
    func counting<Value, Failure>(_ wait: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        let start = ContinuousClock.now
        defer { self.waited.withLockedValue { $0 += start.duration(to: .now) } }
        return try await wait()
    }
}
