import Fixtures
import Foundation
import TestSupport
import Testing

/// How the executables start, say that they are not ready, and end.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct LifecycleTests {
    @Test(arguments: ["lancamentos", "consolidado"])
    func `without a schema it listens, says why it is not ready, and recovers by itself`(product: String) async throws {
        try await TestServers.withDatabase { url in
            let instance = try ServiceProcess.make(product, databaseURL: url, amqpURL: "amqp://127.0.0.1:1")
            try instance.launch()
            try await instance.waitUntilListening()
            let answer = try await API(token: nil).get(instance, "/readyz")
            #expect(answer.status == 503)
            #expect(answer.text.contains("migrate"))
            #expect(try await API(token: nil).get(instance, "/livez").status == 200)
            try await instance.migrate()
            try await instance.waitUntilReady()
            #expect(await instance.terminate() == 0)
        }
    }

    @Test(arguments: ["lancamentos", "consolidado"])
    func `on a newer schema it goes on only if that says so`(product: String) async throws {
        try await TestServers.withDatabase { url in
            let instance = try ServiceProcess.make(product, databaseURL: url, amqpURL: "amqp://127.0.0.1:1")
            try await instance.migrate()
            let next = "insert into schema_migrations (version, name, compatible_since) select max(version) + 1, 'x'"
            try await TestServers.administer(url, "\(next), max(version) from schema_migrations")
            // Its initContainer, for instance, after it was moved to another machine.
            try await instance.migrate()
            try instance.launch()
            try await instance.waitUntilReady()
            try await TestServers.administer(url, "\(next), max(version) + 1 from schema_migrations")
            #expect(try await eventually { try await API(token: nil).get(instance, "/readyz").status == 503 })
            #expect(try await API(token: nil).get(instance, "/readyz").text.contains("mais nova"))
            #expect(await instance.terminate() == 0)
        }
    }

    @Test func `ends within its bound while requests keep arriving, and refuses none that it has accepted`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let api = API(token: stack.token)
            let requests = Task {
                var answered: [Int] = []
                // Until the port is closed.
                while let answer = try? await api.post(stack.lancamentos, #"{"conta":"loja","tipo":"credito","valor":"1.00"}"#) {
                    answered.append(answer.status)
                }
                return answered
            }
            // Time for requests to be under way.
            try await Task.sleep(for: .milliseconds(300))
            let (status, time) = await timed { await stack.lancamentos.terminate() }
            #expect(status == 0 && time < .seconds(20), "status \(status) after \(time)")
            let answered = await requests.value
            #expect(!answered.isEmpty && answered.allSatisfy { $0 == 201 })
            #expect(await stack.consolidados[0].terminate() == 0)
        }
    }

    /// Defect: the kernel chose a port for the second time, and the test below read the log of the instance that had it first.
    @Test func `no two instances share a port or a log, not even one after the other`() throws {
        let instances = try (0..<1_000).map { _ in
            try ServiceProcess.make("lancamentos", databaseURL: "postgresql://127.0.0.1:1/x", amqpURL: "amqp://127.0.0.1:1")
        }
        #expect(Set(instances.map(\.port)).count == 1_000)
        #expect(Set(instances.map(\.log)).count == 1_000)
    }

    @Test(arguments: [
        (["FLUXO_LANCAMENTOS_PORTA": "abc"], "FLUXO_LANCAMENTOS_PORTA"), (["FLUXO_NADA": "1"], "FLUXO_NADA"),
        (["FLUXO_AUTH_MODO": "nenhum", "FLUXO_LANCAMENTOS_ENDERECO": "0.0.0.0"], "auth.modo"),
    ])
    func `a wrong setting stops the start with one line that names it`(environment: [String: String], name: String) async throws {
        let instance = try ServiceProcess.make(
            "lancamentos", databaseURL: "postgresql://127.0.0.1:1/x", amqpURL: "amqp://127.0.0.1:1", environment)
        try instance.launch()
        #expect(await instance.waitUntilExit() != 0)
        let log = try instance.readLog()
        #expect(log.contains(name), "\(log)")
        #expect(log.split(separator: "\n").count == 1, "\(log)")
    }
}
