import Fixtures
import Foundation
import TestSupport
import Testing

/// The level of the log, changed on a running process.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(2))
)
struct LogLevelSignalsTests {
    @Test(arguments: ["lancamentos", "consolidado"])
    func `signals change what a running process writes, without a restart`(product: String) async throws {
        let folder = try #require(TestServers.folder)
        let config = "\(folder)/\(TestServers.uniqueName()).yaml"
        try "log:\n  nivel: warning\n".write(toFile: config, atomically: true, encoding: .utf8)
        // Needs neither database nor broker: a process without them listens all the same.
        let instance = try ServiceProcess.make(
            product, databaseURL: "postgresql://127.0.0.1:1/x", amqpURL: "amqp://127.0.0.1:1", config: config)
        try instance.launch()
        try await instance.waitUntilListening()

        func change(_ signal: Int32, to level: String) async throws {
            instance.signal(signal)
            let changed = try await eventually { try instance.readLog().contains(" to=\(level)\n") }
            let log = try instance.readLog()
            #expect(changed, "\(level): \(log)")
        }
        func answers() throws -> Int {
            try instance.readLog().split(separator: "\n").count { $0.contains("request answered") }
        }

        #expect(try answers() == 0)
        for level in ["notice", "info", "debug"] { try await change(SIGUSR1, to: level) }
        _ = try await API(token: nil).get(instance, "/livez")
        let written = try await eventually { try answers() > 0 }
        #expect(written)
        // What the file says by now, not what it said at the start.
        try "log:\n  nivel: error\n".write(toFile: config, atomically: true, encoding: .utf8)
        try await change(SIGHUP, to: "error")
        let before = try answers()
        _ = try await API(token: nil).get(instance, "/livez")
        #expect(try answers() == before)
        try await change(SIGUSR2, to: "critical")
        #expect(await instance.terminate() == 0)
    }
}
