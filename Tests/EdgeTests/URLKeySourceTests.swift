import Contrato
import Fixtures
import FluxoDeCaixa
import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import Access
@testable import Edge

/// Key sets over HTTP, from a small server inside the test.
@Suite(.timeLimit(.minutes(5))) struct URLKeySourceTests {
    static let document = TestKey.set(TestKey.ec1.jwk(kid: "1"))

    /// Serves `/jwks` and some bad places on a free port.
    static func serve<Value: Sendable>(
        _ answer: @escaping @Sendable () -> Response = { EdgeFixture.text(document) },
        _ body: @Sendable (_ base: String) async throws -> Value
    ) async throws -> Value {
        var fixture = EdgeFixture()
        fixture.moreRoutes = [
            Route(.get, "/jwks", access: .open) { _, _ in answer() },
            Route(.get, "/moved", access: .open) { _, _ in Response(status: .found, headers: [.location: "/jwks"]) },
            Route(.get, "/large", access: .open) { _, _ in EdgeFixture.text(String(repeating: " ", count: 300_000)) },
            Route(.get, "/trickle", access: .open) { _, _ in
                Response(
                    status: .ok,
                    body: ResponseBody { writer in
                        for _ in 0..<1000 {
                            try await writer.write(ByteBuffer(string: " "))
                            try await Task.sleep(for: .milliseconds(50))
                        }
                        try await writer.finish(nil)
                    })
            },
        ]
        return try await fixture.serve { port in try await body("http://127.0.0.1:\(port)") }
    }

    static func source(_ url: String, timeout: Duration = .seconds(30)) -> URLKeySource {
        URLKeySource(url: url, interval: .seconds(300), timeout: timeout)
    }

    private static func refusal(_ authenticator: Authenticator, _ authorization: String?) async -> Problema? {
        do throws(Problema) {
            _ = try await authenticator.identity(authorization: authorization)
            return nil
        } catch {
            return error
        }
    }

    @Test func documentIsFetchedAndNothingElse() async throws {
        try await Self.serve { base in
            let document = try await Self.source(base + "/jwks").read()
            #expect(document == Array(Self.document.utf8))
            await #expect(throws: KeySourceError.status(302)) { try await Self.source(base + "/moved").read() }
            await #expect(throws: KeySourceError.status(404)) { try await Self.source(base + "/nothing").read() }
            await #expect(throws: KeySourceError.tooLarge(maxBytes: 262_144)) { try await Self.source(base + "/large").read() }
            let timeout = Duration.milliseconds(300)
            await #expect(throws: KeySourceError.noAnswer(within: timeout)) {
                try await Self.source(base + "/trickle", timeout: timeout).read()
            }
        }
        await #expect(throws: KeySourceError.self) { try await Self.source("http://127.0.0.1:1/jwks").read() }
        await #expect(throws: KeySourceError.self) { try await Self.source("http://nowhere.invalid/jwks").read() }
    }

    @Test func serviceStartsWithoutItsKeysAndRecovers() async throws {
        let up = NIOLockedValueBox(false)
        try await Self.serve({ up.withLockedValue { $0 } ? EdgeFixture.text(Self.document) : EdgeFixture.text("x", status: .badGateway) }) {
            base in
            let authenticator = try await Authenticator(
                AuthSettings(mode: .keySetURL(base + "/jwks", intervalS: 300)), logger: TestLogger.silent, agora: EdgeFixture.agora)
            let running = Task { try await authenticator.run() }
            let token = "Bearer \(try TestKey.ec1.token(kid: "1"))"
            #expect(await Self.refusal(authenticator, token)?.nome == .sobrecarga)
            // What can be decided without keys is still decided.
            #expect(await Self.refusal(authenticator, nil)?.nome == .naoAutenticado)
            #expect(await Self.refusal(authenticator, "Bearer a.b.c")?.nome == .naoAutenticado)
            #expect(await Self.refusal(authenticator, "Bearer \(TestToken.good())")?.nome == .naoAutenticado)
            up.withLockedValue { $0 = true }
            while await Self.refusal(authenticator, token) != nil { try await Task.sleep(for: .milliseconds(50)) }
            // And away again: the keys that were loaded stay.
            up.withLockedValue { $0 = false }
            #expect(await Self.refusal(authenticator, token) == nil)
            let unknown = "Bearer \(try TestKey.ec2.token(kid: "2"))"
            #expect(await Self.refusal(authenticator, unknown)?.nome == .naoAutenticado)
            running.cancel()
            try await running.value
        }
    }
}
