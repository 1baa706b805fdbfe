import Contrato
import Fixtures
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import Access
@testable import Edge

/// Rate limit, requests at the same time and CORS at the edge.
@Suite struct EdgePolicyTests {
    static func fixture(_ change: (inout EdgeFixture) -> Void) -> EdgeFixture {
        var fixture = EdgeFixture()
        change(&fixture)
        return fixture
    }

    static let writer = EdgeFixture.bearer(TestToken.good())
    let limited = fixture { $0.settings.rate = RateLimit(perSecond: 1, burst: 2) }

    // MARK: - Rate limit

    @Test func subjectOverItsLimitIs429() async throws {
        let limited = self.limited
        try await limited.application().test(.router) { client in
            func get(_ headers: HTTPFields, _ uri: String = "/v1/lancamentos") async throws -> TestResponse {
                try await client.execute(uri: uri, method: .get, headers: headers)
            }
            let first = try await get(Self.writer)
            #expect(first.status == .ok)
            #expect(first.headers[.rateLimitPolicy] == #""padrao";q=2;w=2"#)
            #expect(first.headers[.rateLimit] == #""padrao";r=1;t=1"#)
            // A refusal by the handler counts and carries the headers too.
            let second = try await get(Self.writer, "/v1/lancamentos?cota=1")
            #expect(second.problem == "invalido" && second.headers[.rateLimit] == #""padrao";r=0;t=2"#)
            let third = try await get(Self.writer)
            #expect(third.problem == "limite-de-taxa" && third.status.code == 429)
            #expect(third.headers[values: .retryAfter] == ["1"])
            #expect(third.headers[.rateLimit] == #""padrao";r=0;t=2"#)
            limited.clock.advance(.seconds(1))
            #expect(try await get(Self.writer).status == .ok)
            // The buckets of others are not touched. A request without an identity uses nobody's.
            #expect(try await get(EdgeFixture.bearer(TestToken.good(sub: "eva"))).status == .ok)
            #expect(try await get([:]).headers[.rateLimit] == nil)
            #expect(try await get([:], "/open").headers[.rateLimit] == nil)
        }
    }

    @Test func limitComesAfterTheTokenAndBeforeTheScope() async throws {
        let token = EdgeFixture.bearer(TestToken.good(sub: "scopeless", scope: ""))
        let limited = self.limited
        try await limited.application().test(.router) { client in
            var problems: [String?] = []
            for _ in 0..<3 { problems.append(try await client.execute(uri: "/v1/lancamentos", method: .get, headers: token).problem) }
            problems.append(try await client.execute(uri: "/v1/lancamentos", method: .get, headers: EdgeFixture.bearer("a.b.c")).problem)
            problems.append(try await client.execute(uri: "/v1/lancamentos", method: .delete, headers: token).problem)
            #expect(problems == ["escopo-insuficiente", "escopo-insuficiente", "limite-de-taxa", "nao-autenticado", "metodo"])
        }
    }

    // MARK: - Date

    @Test(arguments: [(0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT")])
    func `the header Date has the format of RFC 9110`(second: Int, text: String) {
        #expect(DateHeader.text(second) == text)
    }

    // MARK: - Order

    /// Each request has every fault from one point of the chain on; the first fault in the order of the chain is answered.
    @Test func `the first refusal of the chain is answered`() async throws {
        let gate = Gate()
        let fixture = Self.fixture {
            $0.settings.requestsMax = 1
            $0.settings.rate = RateLimit(perSecond: 1, burst: 1)
            $0.moreRoutes = [
                Route(.get, "/held", access: .scope(.lancamentosLer)) { _, _ in
                    await gate.pass()
                    return EdgeFixture.text("held")
                }
            ]
        }
        @Sendable func bearer(_ sub: String, scope: String = "") -> HTTPFields {
            EdgeFixture.bearer(TestToken.good(sub: sub, scope: scope))
        }
        try await fixture.application().test(.router) { client in
            async let held = client.execute(
                uri: "/held", method: .get, headers: bearer("holder", scope: "lancamentos:ler"))
            await gate.untilReached()
            func refusal(_ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields) async throws -> String? {
                try await client.execute(uri: path, method: method, headers: headers, body: ByteBuffer(string: "{")).problem
            }
            #expect(try await refusal(.delete, "/nothing", [:]) == "nao-encontrado")
            #expect(try await refusal(.delete, "/v1/lancamentos", [:]) == "metodo")
            #expect(try await refusal(.post, "/v1/lancamentos", [:]) == "nao-autenticado")
            #expect(try await refusal(.post, "/v1/lancamentos", bearer("reader")) == "escopo-insuficiente")
            #expect(try await refusal(.post, "/v1/lancamentos", bearer("reader")) == "limite-de-taxa")
            let writer = bearer("writer", scope: "lancamentos:escrever")
            #expect(try await refusal(.post, "/v1/lancamentos", writer) == "sobrecarga")
            gate.open.continuation.finish()
            _ = try await held
            fixture.clock.advance(.seconds(1))
            #expect(try await refusal(.post, "/v1/lancamentos", writer) == "tipo-de-midia")
            fixture.clock.advance(.seconds(1))
            var json = writer
            json[.contentType] = "application/json"
            #expect(try await refusal(.post, "/v1/lancamentos", json) == "ilegivel")
        }
    }

    // MARK: - Requests at the same time

    /// A handler that reports when it is reached, and answers when it is released.
    private struct Gate {
        let reached = AsyncStream.makeStream(of: Void.self)
        let open = AsyncStream.makeStream(of: Void.self)

        func pass() async {
            self.reached.continuation.finish()
            for await _ in self.open.stream {}
        }

        func untilReached() async { for await _ in self.reached.stream {} }
    }

    @Test func withTooManyRequestsAtTheSameTimeTheNextIs503() async throws {
        let gate = Gate()
        let busy = Self.fixture {
            $0.settings.requestsMax = 1
            $0.moreRoutes = [
                Route(.get, "/held", access: .scope(.lancamentosLer)) { _, _ in
                    await gate.pass()
                    return EdgeFixture.text("held")
                }
            ]
        }
        try await busy.application().test(.router) { client in
            async let held = client.execute(uri: "/held", method: .get, headers: Self.writer)
            await gate.untilReached()
            let refused = try await client.execute(uri: "/v1/lancamentos", method: .get, headers: Self.writer)
            #expect(refused.problem == "sobrecarga" && refused.status.code == 503)
            #expect(refused.headers[values: .retryAfter] == ["1"])
            // Open routes still answer, and a missing token has precedence.
            #expect(try await client.execute(uri: "/livez", method: .get).status == .ok)
            #expect(try await client.execute(uri: "/v1/lancamentos", method: .get).problem == "nao-autenticado")
            gate.open.continuation.finish()
            let answered = try await held
            #expect(answered.text == "held")
            for _ in 0..<3 { #expect(try await client.execute(uri: "/v1/lancamentos", method: .get, headers: Self.writer).status == .ok) }
        }
    }

    @Test func whoeverOnlyWaitsIsNotCounted() async throws {
        let gate = Gate()
        let waiting = Self.fixture {
            $0.settings.requestsMax = 1
            $0.moreRoutes = [
                Route(.get, "/waiting", access: .scope(.lancamentosLer)) { _, scope in
                    await scope.waiting { await gate.pass() }
                    return EdgeFixture.text("waited")
                }
            ]
        }
        try await waiting.application().test(.router) { client in
            async let waited = client.execute(uri: "/waiting", method: .get, headers: Self.writer)
            await gate.untilReached()
            for _ in 0..<2 { #expect(try await client.execute(uri: "/v1/lancamentos", method: .get, headers: Self.writer).status == .ok) }
            gate.open.continuation.finish()
            let answered = try await waited
            #expect(answered.text == "waited")
            #expect(try await client.execute(uri: "/v1/lancamentos", method: .get, headers: Self.writer).status == .ok)
        }
    }

    // MARK: - CORS

    static let listed = fixture {
        $0.settings.corsOrigins = .list(["https://app.example"])
        $0.settings.rate = RateLimit(perSecond: 100, burst: 100)
    }
    static let exposed = "ETag, Location, Idempotent-Replayed, Retry-After, X-Request-Id"

    @Test func offByDefault() async throws {
        try await EdgeFixture().application().test(.router) { client in
            let response = try await client.execute(uri: "/open", method: .get, headers: [.origin: "https://app.example"])
            #expect(response.headers[.accessControlAllowOrigin] == nil && response.headers[.vary] == nil)
            let preflight = try await client.execute(
                uri: "/v1/lancamentos", method: .options, headers: [.origin: "https://app.example", .accessControlRequestMethod: "POST"])
            #expect(preflight.status == .noContent && preflight.headers[.accessControlAllowMethods] == nil)
        }
    }

    @Test func preflightNeedsNoToken() async throws {
        try await Self.listed.application().test(.router) { client in
            let response = try await client.execute(
                uri: "/v1/lancamentos", method: .options,
                headers: [
                    .origin: "https://app.example", .accessControlRequestMethod: "POST",
                    .accessControlRequestHeaders: "authorization,content-type,idempotency-key",
                ])
            #expect(response.status == .noContent && response.body.readableBytes == 0)
            #expect(response.headers[.allow] == "GET, HEAD, OPTIONS, POST")
            #expect(response.headers[.accessControlAllowOrigin] == "https://app.example")
            #expect(response.headers[.accessControlAllowMethods] == "GET, HEAD, OPTIONS, POST")
            let allowed = response.headers[.accessControlAllowHeaders] ?? ""
            for name in ["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Prefer"] { #expect(allowed.contains(name)) }
            #expect(response.headers[.accessControlMaxAge] == "600")
            #expect(response.headers[.accessControlAllowCredentials] == nil)
            #expect(response.headers[.vary] == "Origin")
        }
    }

    @Test(arguments: ["https://evil.example", "https://app.example.evil", "http://app.example", "https://APP.example", "null", ""])
    func otherOriginsAreToldNothing(origin: String) async throws {
        try await Self.listed.application().test(.router) { client in
            for method in [HTTPRequest.Method.get, .options] {
                let response = try await client.execute(
                    uri: "/open", method: method, headers: [.origin: origin, .accessControlRequestMethod: "GET"])
                #expect(response.headers.filter { $0.name.canonicalName.hasPrefix("access-control-") }.isEmpty)
                #expect(response.headers[.vary] == "Origin")
            }
        }
    }

    @Test func answersAndRefusalsCanBeRead() async throws {
        try await Self.listed.application().test(.router) { client in
            for (uri, status) in [("/open", 200), ("/v1/lancamentos", 401), ("/v1/nothing", 404), ("/fails", 503), ("/stream", 200)] {
                let response = try await client.execute(uri: uri, method: .get, headers: [.origin: "https://app.example"])
                #expect(response.status.code == status)
                #expect(response.headers[.accessControlAllowOrigin] == "https://app.example")
                #expect(response.headers[.accessControlExposeHeaders] == Self.exposed + ", RateLimit, RateLimit-Policy")
                #expect(response.headers[.vary]?.contains("Origin") == true)
            }
        }
    }

    @Test func everyOriginIsOneAnswerForAll() async throws {
        try await Self.fixture { $0.settings.corsOrigins = .all }.application().test(.router) { client in
            let response = try await client.execute(uri: "/open", method: .get, headers: [.origin: "https://any.example"])
            #expect(response.headers[.accessControlAllowOrigin] == "*")
            #expect(response.headers[.accessControlAllowCredentials] == nil)
            #expect(response.headers[.accessControlExposeHeaders] == Self.exposed)
            #expect(response.headers[.vary] == nil)
        }
    }

    @Test(arguments: [
        ("*", CORSOrigins.all), ("https://a.example", .list(["https://a.example"])),
        ("https://a.example, http://localhost:3000", .list(["https://a.example", "http://localhost:3000"])),
        ("https://[::1]:8", .list(["https://[::1]:8"])),
    ])
    func originsAreRead(text: String, expected: CORSOrigins) { #expect(CORSOrigins(parsing: text) == expected) }

    @Test(arguments: [
        "", ",", "*,https://a.example", "https://a.example/", "https://a.example/x", "a.example", "https://A.example", "https://", "null",
        "ftp://a.example", "https://a.example,", "https://u@a.example", "https://a.example?x", "https://a b",
    ])
    func whatIsNoOriginIsRefused(text: String) { #expect(CORSOrigins(parsing: text) == nil) }

    @Test func varyIsMerged() {
        var headers: HTTPFields = [.vary: "Accept, Accept-Encoding , authorization"]
        headers.addVary("Authorization")
        headers.addVary("accept-encoding")
        headers.addVary("Origin")
        #expect(headers[.vary] == "Accept, Accept-Encoding , authorization, Origin")
        headers = [.vary: "*"]
        headers.addVary("Origin")
        #expect(headers[.vary] == "*")
    }
}
