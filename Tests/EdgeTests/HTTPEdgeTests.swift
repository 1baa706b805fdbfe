import Contrato
import Fixtures
import FluxoDeCaixa
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import Edge
@testable import Observability

/// The edge in process: what is answered, in which order, with which headers.
@Suite struct HTTPEdgeTests {
    let fixture = EdgeFixture()

    func send(
        _ method: HTTPRequest.Method, _ uri: String, headers: HTTPFields = [:], body: String? = nil
    ) async throws -> TestResponse {
        try await self.fixture.application().test(.router) { client in
            try await client.execute(uri: uri, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
        }
    }

    // MARK: - Order of errors

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let method: HTTPRequest.Method
        let uri: String
        var headers: HTTPFields = [:]
        var body: String?
        let problem: String
        let status: Int
        var testDescription: String { self.name }
    }

    static let reader = EdgeFixture.bearer(TestToken.good(scope: "lancamentos:ler"))
    static let writer = EdgeFixture.bearer(TestToken.good())
    static let large = String(repeating: " ", count: 65_537)

    static let cases: [Case] = [
        Case(name: "path before all", method: .patch, uri: "/v1/nothing?%", body: large, problem: "nao-encontrado", status: 404),
        Case(name: "trailing slash", method: .get, uri: "/v1/lancamentos/", headers: writer, problem: "nao-encontrado", status: 404),
        Case(name: "deeper path", method: .get, uri: "/v1/lancamentos/a/b", headers: writer, problem: "nao-encontrado", status: 404),
        Case(name: "method before token", method: .delete, uri: "/v1/lancamentos", body: large, problem: "metodo", status: 405),
        Case(name: "unknown method", method: .init("BREW")!, uri: "/v1/lancamentos/%zz", problem: "metodo", status: 405),
        Case(name: "token before media type", method: .post, uri: "/v1/lancamentos", body: large, problem: "nao-autenticado", status: 401),
        Case(name: "token before path encoding", method: .get, uri: "/v1/lancamentos/%zz", problem: "nao-autenticado", status: 401),
        Case(
            name: "scope before media type", method: .post, uri: "/v1/lancamentos", headers: reader, body: large,
            problem: "escopo-insuficiente", status: 403),
        Case(
            name: "media type before length", method: .post, uri: "/v1/lancamentos", headers: writer, body: large,
            problem: "tipo-de-midia", status: 415),
        Case(
            name: "length before reading", method: .post, uri: "/v1/lancamentos", headers: EdgeFixture.json, body: large,
            problem: "corpo-grande", status: 413),
        Case(
            name: "unreadable", method: .post, uri: "/v1/lancamentos", headers: EdgeFixture.json, body: "{", problem: "ilegivel",
            status: 400),
        Case(
            name: "no body", method: .post, uri: "/v1/lancamentos", headers: EdgeFixture.json, problem: "ilegivel", status: 400),
        Case(
            name: "nesting", method: .post, uri: "/v1/lancamentos", headers: EdgeFixture.json,
            body: #"{"a":"# + String(repeating: "[", count: 16) + String(repeating: "]", count: 16) + "}", problem: "ilegivel", status: 400),
        Case(name: "path encoding", method: .get, uri: "/v1/lancamentos/%zz", headers: writer, problem: "ilegivel", status: 400),
        Case(name: "path UTF-8", method: .get, uri: "/v1/lancamentos/%FF", headers: writer, problem: "ilegivel", status: 400),
        Case(name: "query encoding", method: .get, uri: "/v1/lancamentos?conta=%", headers: writer, problem: "ilegivel", status: 400),
        Case(name: "query unknown", method: .get, uri: "/v1/lancamentos?cota=a", headers: writer, problem: "invalido", status: 422),
        Case(
            name: "query repeated", method: .get, uri: "/v1/lancamentos?conta=a&conta=a", headers: writer, problem: "invalido", status: 422),
        Case(
            name: "media type before path encoding", method: .post, uri: "/v1/lancamentos/%zz/estorno", headers: writer, body: "{}",
            problem: "tipo-de-midia", status: 415),
    ]

    @Test(arguments: cases)
    func firstThatAppliesIsAnswered(_ sample: Case) async throws {
        let response = try await self.send(sample.method, sample.uri, headers: sample.headers, body: sample.body)
        #expect(response.status.code == sample.status)
        #expect(response.problem == sample.problem)
    }

    @Test func problemCarriesTheRequestID() async throws {
        let response = try await self.send(.get, "/v1/nothing")
        let id = try #require(response.headers[.requestID])
        #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        let problem = try JSONReader.read(Array(response.body.readableBytesView))
        #expect(problem["type"] == .string("https://api.example/problemas#nao-encontrado"))
        #expect(problem["instance"] == .string("urn:uuid:\(id)"))
        #expect(problem["status"] == .number("404"))
        #expect(try await self.send(.get, "/v1/nothing").headers[.requestID] != id)
    }

    // MARK: - Methods

    @Test func wrongMethodIsToldWhatIsAllowed() async throws {
        #expect(try await self.send(.put, "/v1/lancamentos").headers[.allow] == "GET, HEAD, OPTIONS, POST")
        #expect(try await self.send(.get, "/v1/lancamentos/x/estorno").headers[.allow] == "OPTIONS, POST")
        // HEAD is only made of GET.
        let head = try await self.send(.head, "/v1/lancamentos/x/estorno")
        #expect(head.status == .methodNotAllowed && head.body.readableBytes == 0)
    }

    @Test func optionsNeedsNoToken() async throws {
        let response = try await self.send(.options, "/v1/lancamentos/x")
        #expect(response.status == .noContent)
        #expect(response.headers[.allow] == "GET, HEAD, OPTIONS")
        #expect(response.headers[.requestID] != nil)
        #expect(try await self.send(.options, "/v1/nothing").status == .notFound)
        for route in self.fixture.routes {
            let one = try await self.send(.options, route.path.replacing("{id}", with: "x"))
            #expect(one.status == .noContent && one.headers[.allow]?.contains(route.method.rawValue) == true, "\(route.path)")
        }
    }

    @Test func headIsGetWithoutBody() async throws {
        let get = try await self.send(.get, "/v1/lancamentos/abc", headers: Self.reader)
        let head = try await self.send(.head, "/v1/lancamentos/abc", headers: Self.reader)
        #expect(get.text == "abc")
        #expect(head.status == .ok && head.body.readableBytes == 0)
        #expect(head.headers[.contentLength] == "3")
        #expect(try await self.send(.head, "/v1/lancamentos/abc").status == .unauthorized)
        #expect(try await self.send(.head, "/stream").headers[.contentLength] == nil)
    }

    @Test func literalSegmentWinsAndEncodingIsUndone() async throws {
        #expect(try await self.send(.get, "/v1/lancamentos/resumo", headers: Self.reader).text == "resumo")
        #expect(try await self.send(.get, "/v1/lancamentos/resum%6F", headers: Self.reader).text == "resumo")
        #expect(try await self.send(.get, "/v1/lancamentos/a%2Fb", headers: Self.reader).text == "a/b")
        #expect(try await self.send(.get, "/v1/lan%63amentos", headers: Self.reader).text == "-")
        #expect(try await self.send(.get, "http://h:1/v1/lancamentos?conta=a.*", headers: Self.reader).text == "a.*")
        #expect(try await self.send(.get, "/v1%2Flancamentos", headers: Self.reader).status == .notFound)
    }

    // MARK: - Bodies

    @Test(arguments: ["application/json", "Application/JSON", "application/json; charset=latin1", " application/json ;x"])
    func jsonMediaTypesAreAccepted(type: String) async throws {
        let headers: HTTPFields = [.authorization: "Bearer \(TestToken.good(sub: "eva"))", .contentType: type]
        let response = try await self.send(.post, "/v1/lancamentos", headers: headers, body: #"{"a":1,"b":2}"#)
        #expect(response.status == .created)
        #expect(response.text == "eva 2")
    }

    @Test(arguments: ["text/json", "application/jsonx", "application/vnd.api+json", "", "application/json, application/json"])
    func otherMediaTypesAreNot(type: String) async throws {
        let headers: HTTPFields = [.authorization: "Bearer \(TestToken.good())", .contentType: type]
        #expect(try await self.send(.post, "/v1/lancamentos", headers: headers, body: "{}").problem == "tipo-de-midia")
    }

    @Test(arguments: ["gzip", "identity"])
    func contentEncodingIsNot(coding: String) async throws {
        var headers = EdgeFixture.json
        headers[.contentEncoding] = coding
        #expect(try await self.send(.post, "/v1/lancamentos", headers: headers, body: "{}").problem == "tipo-de-midia")
        #expect(try await self.send(.post, "/v1/lancamentos/a/estorno", headers: headers, body: "{}").problem == "tipo-de-midia")
    }

    @Test func largestBodyIsAccepted() async throws {
        let body = "{}" + String(repeating: " ", count: 65_534)
        #expect(try await self.send(.post, "/v1/lancamentos", headers: EdgeFixture.json, body: body).status == .created)
    }

    @Test func bodyOfAnEstornoMayBeLeftOut() async throws {
        let path = "/v1/lancamentos/abc/estorno"
        #expect(try await self.send(.post, path, headers: Self.writer).text == "abc nothing")
        #expect(try await self.send(.post, path, headers: Self.writer, body: "").text == "abc nothing")
        #expect(try await self.send(.post, path, headers: EdgeFixture.json, body: "{}").text == "abc body")
        #expect(try await self.send(.post, path, headers: EdgeFixture.json, body: "{").problem == "ilegivel")
        #expect(try await self.send(.post, path, headers: Self.writer, body: "{}").problem == "tipo-de-midia")
    }

    // MARK: - Headers of problems

    @Test func challengeTellsAnErrorOnlyIfATokenCame() async throws {
        #expect(try await self.send(.get, "/v1/lancamentos").headers[.wwwAuthenticate] == "Bearer")
        let basic = try await self.send(.get, "/v1/lancamentos", headers: [.authorization: "Basic YTpi"])
        #expect(basic.headers[.wwwAuthenticate] == "Bearer")
        let bad = try await self.send(.get, "/v1/lancamentos", headers: EdgeFixture.bearer("a.b.c"))
        #expect(bad.status == .unauthorized)
        #expect(bad.headers[.wwwAuthenticate] == "Bearer error=\"invalid_token\"")
        let scope = try await self.send(.get, "/v1/lancamentos", headers: EdgeFixture.bearer(TestToken.good(scope: "")))
        #expect(scope.problem == "escopo-insuficiente")
        #expect(scope.headers[.wwwAuthenticate] == "Bearer error=\"insufficient_scope\"")
    }

    @Test(arguments: [("/busy", "1"), ("/down", "9"), ("/unknown-outcome", nil)])
    func waitIsToldWhereItHelps(path: String, wait: String?) async throws {
        let response = try await self.send(.get, path)
        #expect(response.status.code == 503)
        #expect(response.headers[.retryAfter] == wait)
    }

    @Test func unforeseenErrorIsNever500() async throws {
        let read = try await self.send(.get, "/fails")
        #expect(read.problem == "sobrecarga")
        #expect(read.headers[.retryAfter] == "1")
        let write = try await self.send(.post, "/fails")
        #expect(write.problem == "resultado-desconhecido")
        #expect(write.headers[.retryAfter] == nil)
        let id = try #require(write.headers[.requestID])
        let lines = self.fixture.lines.withLockedValue { $0 }
        #expect(lines.contains { $0.contains(" error test: ") && $0.contains("pedido=\(id)") && $0.contains("UnforeseenError") })
    }

    // MARK: - Scope of a request

    @Test func openRouteHasNobodyAndATrace() async throws {
        let plain = try await self.send(.get, "/open")
        let parts = plain.text.split(separator: "|", omittingEmptySubsequences: false)
        #expect(parts[0] == "")
        #expect(Traceparent(parsing: String(parts[1])) != nil)
        #expect(String(parts[2]) == plain.headers[.requestID])
        let traced = try await self.send(.get, "/open", headers: [.traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"])
        let child = try #require(Traceparent(parsing: String(traced.text.split(separator: "|", omittingEmptySubsequences: false)[1])))
        #expect(child.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(child.spanID != "00f067aa0ba902b7")
    }

    @Test func `an answer's line leads to the request and its trace`() async throws {
        self.fixture.level.current = .debug
        let traced = try await self.send(.get, "/open", headers: [.traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"])
        let id = try #require(traced.headers[.requestID])
        let child = try #require(Traceparent(parsing: String(traced.text.split(separator: "|", omittingEmptySubsequences: false)[1])))
        let line = try #require(self.fixture.lines.withLockedValue { $0.first { $0.contains("request answered") } })
        #expect(line.contains(" pedido=\(id) ") && line.contains(" route=/open ") && line.contains(" status=200 "))
        #expect(line.contains(" trace.id=4bf92f3577b34da6a3ce929d0e0e4736 ") && line.contains(" transaction.id=\(child.spanID) "))
    }

    @Test func `a wait that the caller asked for is counted apart`() async throws {
        var fixture = self.fixture
        fixture.moreRoutes = [
            Route(.get, "/asked", access: .open) { _, scope in
                try await scope.waiting { try await Task.sleep(for: .milliseconds(600)) }
                return EdgeFixture.text("done")
            }
        ]
        let text = try await fixture.application().test(.router) { client in
            _ = try await client.execute(uri: "/asked", method: .get)
            _ = try await client.execute(uri: "/open", method: .get)
            return try await client.execute(uri: "/metrics", method: .get).text
        }
        let labels = "{method=\"GET\",route=\"/asked\""
        // However slow the machine: the wait is at least as long as was asked, and what is left is less.
        #expect(text.contains("fluxo_http_wait_duration_seconds_bucket\(labels),le=\"0.5\"} 0\n"))
        #expect(text.contains("fluxo_http_wait_duration_seconds_count\(labels)} 1\n"))
        #expect(text.contains("fluxo_http_request_duration_seconds_bucket\(labels),le=\"0.5\"} 1\n"))
        #expect(!text.contains("fluxo_http_wait_duration_seconds_count{method=\"GET\",route=\"/open\"}"))
    }

    // MARK: - Operational routes

    @Test func healthAndMetricsAreOpen() async throws {
        #expect(try await self.send(.get, "/livez").status == .ok)
        #expect(try await self.send(.get, "/readyz").status == .ok)
        self.fixture.health.register("banco") { "fora do ar" }
        let unready = try await self.send(.get, "/readyz")
        #expect(unready.status == .serviceUnavailable)
        #expect(unready.text.contains(#""banco":{"pronto":false,"motivo":"fora do ar"}"#))
        #expect(try await self.send(.get, "/livez").status == .ok)
    }

    @Test func requestsAreCountedByTemplate() async throws {
        _ = try await self.send(.get, "/v1/lancamentos/secret-account", headers: Self.reader)
        _ = try await self.send(.get, "/v1/lancamentos/other", headers: Self.reader)
        _ = try await self.send(.init("BREW")!, "/v1/nowhere")
        let response = try await self.send(.get, "/metrics")
        #expect(response.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        let text = response.text
        #expect(text.contains("fluxo_http_requests_total{method=\"GET\",route=\"/v1/lancamentos/{id}\",status=\"200\"} 2\n"))
        #expect(text.contains("fluxo_http_requests_total{method=\"OUTRO\",route=\"nao-encontrada\",status=\"404\"} 1\n"))
        #expect(text.contains("fluxo_http_request_duration_seconds_count{method=\"GET\",route=\"/v1/lancamentos/{id}\"} 2\n"))
        #expect(!text.contains("secret-account"))
    }
}
