import Fixtures
import Foundation
import TestSupport
import Testing

/// `/readyz` and `saude` while what they ask does not answer.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct ReadinessTests {
    private static let answerMax: Duration = .seconds(2)
    /// With the start of a process that the thread sanitizer slows down, on a busy machine.
    private static let commandMax: Duration = .seconds(4)

    @Test(arguments: ["lancamentos", "consolidado"])
    func `within 2 s readyz and saude report a database that stands still`(product: String) async throws {
        try await PrivateServers.with([.postgres]) { servers in
            let instance = try ServiceProcess.make(product, databaseURL: try servers.url(.postgres), amqpURL: "amqp://127.0.0.1:1")
            try await instance.migrate()
            try await instance.start()
            try await instance.health()
            try await servers.signalTree(.postgres, SIGSTOP)
            do {
                // An earlier answer of the database is reused for a second.
                #expect(await eventually { await !instance.isReady() })
                for _ in 0..<3 {
                    let answer = try await Self.within(Self.answerMax) { try await API(token: nil).get(instance, "/readyz") }
                    #expect(answer.status == 503 && answer.text.contains("banco"), "\(answer.text)")
                }
                let reported = await Self.within(Self.commandMax) { await Self.failure { try await instance.health() } }
                #expect(reported.contains("status 1") && reported.contains("banco"), "\(reported)")
            } catch {
                // A stopped server cannot be shut down.
                try await servers.signalTree(.postgres, SIGCONT)
                throw error
            }
            try await servers.signalTree(.postgres, SIGCONT)
            try await instance.waitUntilReady()
            // The instance itself stands still: the kernel accepts the connection, and no answer is sent.
            instance.signal(SIGSTOP)
            let silent = await Self.within(Self.commandMax) { await Self.failure { try await instance.health() } }
            #expect(silent.contains("status 1") && silent.contains("não respondeu em"), "\(silent)")
            #expect(await instance.terminate() == 0)
            let gone = await Self.within(Self.commandMax) { await Self.failure { try await instance.health() } }
            #expect(gone.contains("status 1") && gone.contains("não respondeu"), "\(gone)")
        }
    }

    private static func within<Value>(_ max: Duration, _ body: () async throws -> Value) async rethrows -> Value {
        let (value, time) = try await timed(body)
        #expect(time < max, "took \(time)")
        return value
    }

    /// The text of the error; empty if there is none.
    private static func failure(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return ""
        } catch {
            return "\(error)"
        }
    }
}
