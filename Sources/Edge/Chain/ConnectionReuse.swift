import HTTPTypes
import Hummingbird
import NIOCore

/// Answers `HEAD` without a body, and closes connections that cannot serve another request.
struct ConnectionReuseMiddleware: EdgeMiddleware {
    /// Longest rest of a body that is read and dropped, in bytes.
    let bodyMaxBytes: Int

    func handle(_ request: Request, context: CallContext, next: Next) async throws -> Response {
        var response = try await next(request, context)
        if request.method == .head { response = Self.withoutBody(response) }
        if self.mustClose(request, body: context.body) { response.headers[.connection] = "close" }
        return response
    }

    /// Whether the connection is unusable after the answer: the rest of the body is too long or may never arrive, or what follows would be
    /// parsed as another protocol.
    private func mustClose(_ request: Request, body: RequestBodyReader) -> Bool {
        if request.head.asksForUpgrade { return true }
        switch body.state {
        case .complete, .unparsable, .streamed: return false
        case .broken: return true
        case .untouched, .partial:
            switch DeclaredBody(request.headers) {
            case .none: return false
            case .chunked: return true
            case .length(let length): return length > self.bodyMaxBytes || request.headers[.expect] != nil
            }
        }
    }

    /// The same head. For a body of unknown length the connection's handler omits the end of the chunked body.
    private static func withoutBody(_ response: Response) -> Response {
        guard response.body.contentLength == nil else {
            return Response(status: response.status, headers: response.headers)
        }
        return Response(
            status: response.status, headers: response.headers,
            body: ResponseBody(contentLength: nil) { try await $0.finish(nil) })
    }
}
