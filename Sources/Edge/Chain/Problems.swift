import Access
package import Contrato
package import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Answers every error with a documented problem: no answer is 500.
struct ProblemsMiddleware: EdgeMiddleware {
    let problems: ProblemResponse
    let logger: Logger

    func handle(_ request: Request, context: CallContext, next: Next) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPParserError {
            // The server library answers input that the HTTP parser cannot read, below this chain.
            throw error
        } catch {
            if case .unparsable(let parserError) = context.body.state { throw parserError }
            context.body.handlerFailed()
            return self.problems.make(self.problem(of: error, request, context), request: request, requestID: context.requestID)
        }
    }

    private func problem(of error: any Error, _ request: Request, _ context: CallContext) -> ProblemaHTTP {
        switch error {
        case let known as ProblemaHTTP: return known
        case let known as Problema: return ProblemaHTTP(known)
        case let faults as ErrosDeCampo: return ProblemaHTTP(Problema(faults))
        case is RequestTooSlow, is ChannelError, is IOError:
            // A handler was reading the body as a stream, and the caller's connection failed.
            return ProblemaHTTP(Problema(.ilegivel, detail: "O corpo não chegou inteiro."))
        default:
            // Only the type: the text of an unexpected error may contain data of users.
            let kind = String(reflecting: type(of: error))
            self.logger.error("unexpected error in a handler", metadata: context.metadata.merging(["error": "\(kind)"]) { $1 })
            // Unexpected errors map to the problem with the weakest guarantee.
            let isSafe = request.method == .get || request.method == .head
            return ProblemaHTTP(
                isSafe
                    ? Problema(.sobrecarga, detail: "O serviço não pôde responder agora.")
                    : Problema(.resultadoDesconhecido, detail: "Não se sabe se o pedido foi executado; consulte antes de repetir."))
        }
    }
}

/// A ``Problema`` with its HTTP headers. Handlers throw it where the name alone does not determine `Retry-After`.
package struct ProblemaHTTP: Error {
    package let problema: Problema
    /// Value of `Retry-After`, in seconds; `nil`: the header is left out.
    package let retryAfterS: Int?
    /// Further headers.
    package var headers: HTTPFields

    package init(_ problema: Problema, retryAfterS: Int?, headers: HTTPFields = HTTPFields()) {
        self.problema = problema
        self.retryAfterS = retryAfterS
        self.headers = headers
    }

    /// With the default wait of the name: `resultado-desconhecido` has none, because a blind retry could register twice.
    package init(_ problema: Problema) {
        self.problema = problema
        self.headers = HTTPFields()
        self.retryAfterS =
            switch problema.nome {
            case .sobrecarga, .limiteDeTaxa, .aindaNaoConsolidado: 1
            case .bancoIndisponivel: 2
            default: nil
            }
    }
}

/// Makes answers of problems: `application/problem+json` (RFC 9457) and the headers of each name.
struct ProblemResponse: Sendable {
    /// The base of `type`.
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

    /// RFC 6750 §3: the error is reported only to callers who sent a token.
    private static func challenge(_ request: Request, error: String) -> String {
        BearerToken.isPresent(request.headers[.authorization]) ? "Bearer error=\"\(error)\"" : "Bearer"
    }
}
