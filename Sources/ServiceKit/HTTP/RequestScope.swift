package import Contrato
package import Hummingbird
import NIOCore

/// What the edge found out about one request before its handler runs.
package struct RequestScope: Sendable {
    /// UUIDv4 text, lower case: the header `X-Request-Id`, `instance` of a problem, `pedido` in logs.
    package let requestID: String
    /// Who calls; on an open route ``Identidade/ninguem``.
    package let identidade: Identidade
    /// The caller's trace with this request as its span, or a new trace.
    package let traceparent: Traceparent
    /// Reads the body, once.
    let body: RequestBodyReader
    let admission: Admission
    let waits: RequestWaits
    let parameters: [String: String?]
    let rawQuery: Substring?

    /// Begins to watch the caller, for handlers that wait long: what it gives back tells whether they are still there to be answered.
    package func watchCaller() -> @Sendable () -> Bool { self.body.watchCaller() }

    /// Waits for something that costs nothing meanwhile, because the caller asked for it: until it comes the request is not counted against
    /// `http.pedidos_max`, and the time is no part of `http_request_duration_seconds`.
    package func waiting<Value, Failure>(_ wait: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        try await self.waits.counting { () throws(Failure) in try await self.admission.uncounted(wait) }
    }

    /// A path parameter, decoded.
    ///
    /// - Throws: `ilegivel` if its percent-encoding or UTF-8 cannot be read. Where a body is read as well, read that first: an answer
    ///   about its media type or length comes before this one.
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
    /// - Throws: `ilegivel` if percent-encoding or UTF-8 cannot be read.
    package func query() throws(Problema) -> QueryParameters {
        try QueryParameters(parsing: self.rawQuery)
    }

    /// Reads the body as JSON, whole and at most `http.corpo_max_bytes` of it.
    ///
    /// - Throws: in this order `tipo-de-midia` (not `application/json`, or any `Content-Encoding`), `corpo-grande` (declared length before
    ///   a byte is read), `ilegivel` (not JSON as ``JSONReader`` accepts it, or not complete in time).
    package func readJSON(_ request: Request) async throws(Problema) -> JSONValue {
        try await self.body.readJSON(request)
    }

    /// The same, for calls that need no body; `nil`: there was none, and then no media type is asked.
    package func readOptionalJSON(_ request: Request) async throws(Problema) -> JSONValue? {
        try await self.body.readOptionalJSON(request)
    }

    /// For handlers that read `request.body` themselves as a stream: looks at what its head says of it.
    ///
    /// - Returns: the one of `types` that the body has.
    /// - Throws: `tipo-de-midia` (another type, or any `Content-Encoding`), `corpo-grande` (a declared length over the limit).
    package func checkBody(_ request: Request, types: [String], maxBytes: Int) throws(Problema) -> String {
        try self.body.check(request, types: types, maxBytes: maxBytes)
    }

    /// The next step of those handlers: answers `Expect: 100-continue`. Call it once, before reading.
    ///
    /// A handler that answers without having read to the end sets `Connection: close`, or, where its answer has begun already, calls
    /// ``closeAfterAnswer()``.
    package func willReadBody(_ request: Request) {
        self.body.willRead(request)
    }

    /// Ends the connection after the answer that is being written; what still arrives is thrown away for a short while.
    package func closeAfterAnswer() {
        self.body.closeAfterAnswer()
    }
}
