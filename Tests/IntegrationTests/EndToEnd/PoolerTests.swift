import Fixtures
import TestSupport
import Testing

/// A pooler between a service and its database.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"),
    .enabled(if: Pooler.isInstalled, "needs PgBouncer, which deploy/local/test installs"), .serialized, .timeLimit(.minutes(5))
)
struct PoolerTests {
    private static let body = #"{"conta":"loja","tipo":"credito","valor":"1.00"}"#

    /// Runs the closure with an instance of lancamentos that reaches its database through a pooler.
    private static func with(mode: String, _ body: (ServiceProcess, API) async throws -> Void) async throws {
        try await Stack.with(consolidados: 0) { stack in
            try await Pooler.with(try #require(stack.databases["lancamentos"]), mode: mode) { pooler in
                let instance = try ServiceProcess.make(
                    "lancamentos", databaseURL: pooler.url, amqpURL: stack.amqpURL, ["FLUXO_AUTH_SEGREDO": stack.secret])
                try instance.launch()
                defer { instance.kill() }
                try await body(instance, API(token: stack.token))
            }
        }
    }

    @Test func `an instance works through a pooler of sessions`() async throws {
        try await Self.with(mode: "session") { instance, api in
            try await instance.waitUntilReady()
            for _ in 0..<20 { #expect(try await api.post(instance, Self.body).status == 201) }
            #expect(await instance.terminate() == 0)
        }
    }

    @Test func `an instance behind a pooler of transactions is not ready and says why`() async throws {
        try await Self.with(mode: "transaction") { instance, api in
            #expect(await eventually { await (try? api.get(instance, "/livez"))?.status == 200 })
            // Each answer is a second's: readiness asks again and again.
            for _ in 0..<5 {
                let readiness = try await api.get(instance, "/readyz")
                #expect(readiness.status == 503 && readiness.text.contains("pool_mode = session"), "\(readiness.text)")
                try await Task.sleep(for: .milliseconds(1100))
            }
            #expect(await instance.terminate() == 0)
        }
    }
}
