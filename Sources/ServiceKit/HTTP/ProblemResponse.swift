import Contrato
import HTTPTypes
import Hummingbird
import NIOCore

/// Turns problems into answers: `application/problem+json` (RFC 9457) and the headers that go with each name.
struct ProblemResponse: Sendable {
    let urlPublica: String

    func make(_ problem: ProblemaHTTP, request: Request, requestID: String) -> Response {
        let problema = problem.problema
        var headers = problem.headers
        headers[.contentType] = "application/problem+json"
        if let seconds = problem.retryAfterS {
            headers[.retryAfter] = String(seconds)
        }
        switch problema.nome {
        case .naoAutenticado:
            headers[.wwwAuthenticate] = Self.challenge(request, error: "invalid_token")
        case .escopoInsuficiente, .contaNaoPermitida:
            headers[.wwwAuthenticate] = Self.challenge(request, error: "insufficient_scope")
        default: break
        }
        let body = problema.json(urlPublica: self.urlPublica, requestID: requestID)
        return Response(
            status: HTTPResponse.Status(code: problema.nome.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))
        )
    }

    /// RFC 6750 §3: the error is told only to those who sent a token.
    private static func challenge(_ request: Request, error: String) -> String {
        BearerToken.isPresent(request.headers[.authorization]) ? "Bearer error=\"\(error)\"" : "Bearer"
    }
}
