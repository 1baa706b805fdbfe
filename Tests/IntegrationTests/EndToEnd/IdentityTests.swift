import Fixtures
import Foundation
import TestSupport
import Testing

/// Keys of an identity provider, as the running services see them.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct IdentityTests {
    /// A call that answers `authenticated` to everybody whose token is good.
    private static let calls = [("lancamentos", "/v1/lancamentos/nada", 404), ("consolidado", "/v1/consolidados/2026-01-01?conta=a", 200)]

    @Test(arguments: calls)
    func `keys are rotated without a restart`(product: String, path: String, authenticated: Int) async throws {
        let (old, new) = (SigningKeyPair(kid: "2026-01"), SigningKeyPair(kid: "2026-02"))
        let (oldAPI, newAPI) = (API(token: try old.token()), API(token: try new.token()))
        let file = FileManager.default.temporaryDirectory.appending(path: "fluxo-\(UUID().uuidString).json")
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
        try Data(SigningKeyPair.keySet(old).utf8).write(to: file)
        try await Self.with(product, ["FLUXO_AUTH_JWKS_ARQUIVO": file.path()]) { instance in
            #expect(try await oldAPI.get(instance, path).status == authenticated)
            #expect(try await newAPI.get(instance, path).status == 401)
            // Both for a while, as providers do; then the old one is gone.
            try Data(SigningKeyPair.keySet(old, new).utf8).write(to: file, options: .atomic)
            #expect(try await eventually { try await newAPI.get(instance, path).status == authenticated })
            #expect(try await oldAPI.get(instance, path).status == authenticated)
            try Data(SigningKeyPair.keySet(new).utf8).write(to: file, options: .atomic)
            #expect(try await eventually { try await oldAPI.get(instance, path).status == 401 })
            #expect(try await newAPI.get(instance, path).status == authenticated)
            #expect(await instance.terminate() == 0)
        }
    }

    @Test(arguments: calls)
    func `without its keys a service starts, is ready, and blames no caller`(product: String, path: String, authenticated: Int) async throws
    {
        let api = API(token: try SigningKeyPair(kid: "1").token())
        try await Self.with(product, ["FLUXO_AUTH_JWKS_URL": "http://127.0.0.1:1/jwks"]) { instance in
            let answer = try await api.get(instance, path)
            #expect(answer.status == 503)
            #expect(answer["type"]?.hasSuffix("#sobrecarga") == true)
            #expect(answer.header("Retry-After") == "1")
            #expect(try await API(token: nil).get(instance, path).status == 401)
            #expect(try instance.readLog().contains("no signing keys"))
            #expect(await instance.terminate() == 0)
        }
    }

    private static func with(_ product: String, _ environment: [String: String], _ body: (ServiceProcess) async throws -> Void) async throws
    {
        try await TestServers.withDatabase { url in
            let settings = environment.merging(["FLUXO_AUTH_MODO": "jwks", "FLUXO_AUTH_SEGREDO": ""]) { $1 }
            let instance = try ServiceProcess.make(product, databaseURL: url, amqpURL: "amqp://127.0.0.1:1", settings)
            do {
                try await instance.migrate()
                try await instance.start()
                try await body(instance)
            } catch {
                await instance.terminate()
                throw error
            }
        }
    }
}
