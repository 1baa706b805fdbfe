import Contrato
import CoreMetrics
import Fixtures
import FluxoDeCaixa
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOConcurrencyHelpers
import NIOCore

@testable import Access
@testable import Edge
@testable import Observability
@testable import Settings

struct UnforeseenError: Error {}

/// A small service behind the real edge.
struct EdgeFixture {
    let registry = PrometheusRegistry(descriptions: EdgeMetrics.descriptions, logger: Self.silent)
    let health = HealthRegistry()
    let lines = NIOLockedValueBox<[String]>([])
    let level = LogLevel(.info)
    var settings = HTTPSettings()
    var auth = AuthSettings(mode: .hs256(Secret(TestToken.secret)))
    var moreRoutes: [Route] = []
    /// HTTPS with this one.
    var certificate: ListenerCertificate?
    /// The clock of the rate limit.
    let clock = FakeClock()

    /// Tokens of tests are checked at the present time.
    static let agora: @Sendable () -> Instante = { Instante(milissegundos: Int64(Date().timeIntervalSince1970 * 1000)) }

    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    var logger: Logger {
        let (lines, level) = (self.lines, self.level)
        return Logger(label: "test") { label in
            TextLogHandler(
                label: label, level: level, agora: { Instante(milissegundos: 0) },
                write: { line in lines.withLockedValue { $0.append(line) } })
        }
    }

    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    var routes: [Route] {
        [
            Route(.post, "/v1/lancamentos", access: .scope(.lancamentosEscrever)) { request, scope in
                guard case .object(let members) = try await scope.body.readJSON(request) else {
                    throw Problema(.ilegivel, detail: "x")
                }
                return Self.text("\(scope.identity.sub) \(members.count)", status: .created)
            },
            Route(.get, "/v1/lancamentos", access: .scope(.lancamentosLer)) { _, scope in
                let (values, faults) = try scope.query().values(known: ["conta"])
                guard faults.isEmpty else { throw ErrosDeCampo(faults) }
                return Self.text(values["conta"] ?? "-")
            },
            Route(.get, "/v1/lancamentos/{id}", access: .scope(.lancamentosLer)) { _, scope in Self.text(try scope.parameter("id")) },
            Route(.get, "/v1/lancamentos/resumo", access: .scope(.lancamentosLer)) { _, _ in Self.text("resumo") },
            Route(.post, "/v1/lancamentos/{id}/estorno", access: .scope(.lancamentosEscrever)) { request, scope in
                let body = try await scope.body.readOptionalJSON(request)
                return Self.text("\(try scope.parameter("id")) \(body == nil ? "nothing" : "body")")
            },
            Route(.get, "/open", access: .open) { _, scope in
                Self.text("\(scope.identity.sub)|\(scope.traceparent)|\(scope.requestID)")
            },
            Route(.get, "/stream", access: .open) { _, _ in
                Response(
                    status: .ok,
                    body: ResponseBody {
                        try await $0.write(ByteBuffer(string: "streamed")); try await $0.finish(nil)
                    })
            },
            Route(.post, "/lote", access: .open, pace: .moving) { request, scope in
                scope.body.willRead(request)
                var bytes = 0
                for try await buffer in request.body { bytes += buffer.readableBytes }
                return Self.text("\(bytes)")
            },
            Route(.post, "/lote/refused", access: .open, pace: .moving) { request, scope in
                scope.body.willRead(request)
                for try await _ in request.body { throw Problema(.sobrecarga, detail: "x") }
                return Self.text("empty")
            },
            Route(.get, "/waits", access: .open) { _, scope in
                let isWanted = scope.body.watchCaller()
                let deadline = ContinuousClock.now + .seconds(30)
                while isWanted(), .now < deadline { try await Task.sleep(for: .milliseconds(5)) }
                return Self.text(isWanted() ? "late" : "unwanted")
            },
            Route(.get, "/fails", access: .open) { _, _ in throw UnforeseenError() },
            Route(.post, "/fails", access: .open) { _, _ in throw UnforeseenError() },
            Route(.get, "/busy", access: .open) { _, _ in throw Problema(.sobrecarga, detail: "x") },
            Route(.get, "/down", access: .open) { _, _ in throw ProblemaHTTP(Problema(.bancoIndisponivel, detail: "x"), retryAfterS: 9) },
            Route(.get, "/unknown-outcome", access: .open) { _, _ in throw Problema(.resultadoDesconhecido, detail: "x") },
        ] + Route.operational(health: self.health, metrics: self.registry) + self.moreRoutes
    }

    func application(onListening: @escaping @Sendable (any Channel) async -> Void = { _ in }) async throws -> Application<HTTPEdge> {
        try HTTPServer.makeApplication(
            routes: self.routes, settings: self.settings, certificate: self.certificate, urlPublica: "https://api.example",
            authenticator: try await Authenticator(self.auth, logger: self.logger, agora: EdgeFixture.agora),
            metrics: self.registry,
            logger: self.logger, now: { [clock] in clock.now }, onListening: onListening)
    }

    static func bearer(_ token: String) -> HTTPFields { [.authorization: "Bearer \(token)"] }
    static let json: HTTPFields = [.authorization: "Bearer \(TestToken.good())", .contentType: "application/json"]
}

extension TestResponse {
    /// The problem's name, from the end of `type`.
    var problem: String? {
        guard self.headers[.contentType] == "application/problem+json",
            let value = try? JSONReader.read(Array(self.body.readableBytesView)), case .string(let type)? = value["type"]
        else { return nil }
        return type.split(separator: "#").last.map(String.init)
    }

    var text: String { String(buffer: self.body) }
}

extension Scope {
    static let lancamentosEscrever = Scope(rawValue: "lancamentos:escrever")
    static let lancamentosLer = Scope(rawValue: "lancamentos:ler")
}
