import NIOConcurrencyHelpers
import Testing

@testable import Observability

@Suite(.timeLimit(.minutes(5))) struct HealthRegistryTests {
    @Test func `a process is ready only if all dependencies are healthy`() async {
        let health = HealthRegistry()
        #expect(await health.readiness().isReady)
        health.register("banco") { nil }
        #expect(await health.readiness().isReady)
        health.register("esquema") { "versão 2; aceita-se 3" }
        let readiness = await health.readiness()
        #expect(!readiness.isReady)
        let banco = #""banco":{"pronto":true}"#
        let esquema = #""esquema":{"pronto":false,"motivo":"versão 2; aceita-se 3"}"#
        let json = #"{"pronto":false,"encerrando":false,"dependencias":{\#(banco),\#(esquema)}}"#
        #expect(String(decoding: readiness.json, as: UTF8.self) == json)
        health.register("esquema") { nil }
        #expect(await health.readiness().isReady)
    }

    @Test func `a draining process is not ready`() async {
        let health = HealthRegistry()
        health.drain()
        let readiness = await health.readiness()
        #expect(readiness.isDraining && !readiness.isReady)
    }

    @Test func `a check without an answer counts as failed`() async {
        let health = HealthRegistry(checkMaxMs: 1)
        health.register("banco") {
            // Ends by cancellation alone, or after 10 s, so that a registry that waits for it fails this test and does not stop it.
            (try? await Task.sleep(for: .seconds(10))) == nil ? "cancelled" : "late"
        }
        #expect(await health.readiness().dependencies.map(\.reason) == ["sem resposta em 1 ms"])
    }

    /// Defect: readiness waited for a check that does not react to cancellation, such as a query of a stalled database.
    @Test func `a check that ignores cancellation does not delay readiness, and runs once`() async {
        let health = HealthRegistry(checkMaxMs: 1)
        let stuck = NIOLockedValueBox<[CheckedContinuation<String?, Never>]>([])
        health.register("banco") {
            await withCheckedContinuation { continuation in stuck.withLockedValue { $0.append(continuation) } }
        }
        // The check answers after 10 s, so that a registry that waits for it fails this test and does not stop it.
        let release = Task {
            try? await Task.sleep(for: .seconds(10))
            let runs = stuck.withLockedValue { runs in
                defer { runs = [] }
                return runs
            }
            for run in runs { run.resume(returning: "late") }
            return runs.count
        }
        for _ in 0..<3 {
            #expect(await health.readiness().dependencies.map(\.reason) == ["sem resposta em 1 ms"])
        }
        release.cancel()
        #expect(await release.value == 1)
    }

    /// The bound of `/readyz` is 2 s, and the answer itself needs some time.
    @Test func `by default a check has less time than readiness promises`() async {
        let health = HealthRegistry()
        health.register("banco") { (try? await Task.sleep(for: .seconds(10))) == nil ? "cancelled" : "late" }
        #expect(await health.readiness().dependencies.map(\.reason) == ["sem resposta em 1500 ms"])
    }
}
