import AsyncHTTPClient
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1

/// One running instance of a release product, which a test may kill, stop and start again.
package final class ServiceProcess: Sendable {
    /// Where it listens.
    package let url: String
    /// Where it listens on 127.0.0.1.
    package let port: Int
    private let executable: String
    private let arguments: [String]
    private let environment: [String: String]
    /// The file that it writes its log to.
    package let log: String
    private let process = NIOLockedValueBox<ChildProcess?>(nil)

    /// - Parameters:
    ///   - product: `lancamentos` or `consolidado`.
    ///   - environment: all of it.
    ///   - port: where it is configured to listen.
    ///   - folder: for its log.
    ///   - config: a YAML file; nil: none is named.
    init(product: String, environment: [String: String], port: Int, folder: String, config: String? = nil) throws {
        guard let products = TestServers.products else { throw TestFailure("TESTE_PRODUTOS is not set") }
        self.executable = "\(products)/\(product)"
        self.arguments = ["serve"] + (config.map { ["--config", $0] } ?? [])
        self.environment = environment
        self.url = "http://127.0.0.1:\(port)"
        self.port = port
        self.log = "\(folder)/\(product)-\(TestServers.uniqueName()).log"
    }

    /// An instance outside any ``Stack``, on a free port.
    /// - Parameters:
    ///   - environment: settings besides the addresses; they come first.
    ///   - config: a YAML file; nil: none is named.
    package static func make(
        _ product: String, databaseURL: String, amqpURL: String, _ environment: [String: String] = [:], config: String? = nil
    ) throws -> ServiceProcess {
        guard let folder = TestServers.folder else { throw TestFailure("TESTE_DIR is not set") }
        let port = try FreePort.find()
        let prefix = "FLUXO_\(product.uppercased())"
        let settings = [
            "FLUXO_AUTH_SEGREDO": UUID().uuidString, "\(prefix)_BANCO_URL": databaseURL, "\(prefix)_AMQP_URL": amqpURL,
            "\(prefix)_PORTA": "\(port)",
        ]
        return try ServiceProcess(
            product: product, environment: environment.merging(settings) { mine, _ in mine }, port: port, folder: folder,
            config: config
        )
    }

    /// Starts it and returns when it is ready.
    package func start() async throws {
        try self.launch()
        try await self.waitUntilReady()
    }

    /// Starts it without waiting.
    package func launch() throws {
        let process = try ChildProcess(self.executable, self.arguments, environment: self.environment, output: self.log)
        self.process.withLockedValue { $0 = process }
    }

    /// Sends a signal.
    package func signal(_ number: Int32) {
        guard let process = self.process.withLockedValue({ $0 }), process.isRunning else { return }
        Foundation.kill(process.pid, number)
    }

    /// Ends it at once.
    package func kill() {
        self.process.withLockedValue { $0 }?.kill()
    }

    /// Asks it to end and waits for it.
    /// - Returns: its exit status.
    @discardableResult
    package func terminate() async -> Int32 {
        self.signal(SIGCONT)
        self.signal(SIGTERM)
        return await self.process.withLockedValue { $0 }?.waitUntilExit() ?? 0
    }

    /// Runs the command `migrate` with its settings.
    package func migrate() async throws {
        try await Command.run(self.executable, ["migrate"], environment: self.environment)
    }

    /// Runs the command `saude` with its settings.
    /// - Throws: ``TestFailure`` with the command's output if the instance is not ready.
    package func health() async throws {
        try await Command.run(self.executable, ["saude"], environment: self.environment)
    }

    /// Runs another command of its program, with its settings.
    /// - Parameter environment: further variables.
    /// - Returns: its exit status and its output.
    package func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> (status: Int32, text: String) {
        try await Command.outcome(self.executable, arguments, environment: self.environment.merging(environment) { $1 })
    }

    /// Runs a script of bash with its settings, in which the products are commands.
    /// - Parameter environment: further variables.
    /// - Returns: its exit status and its output.
    package func script(_ text: String, environment: [String: String] = [:]) async throws -> (status: Int32, text: String) {
        let products = self.executable.prefix(upTo: self.executable.lastIndex(of: "/") ?? self.executable.startIndex)
        let settings = self.environment.merging(environment) { $1 }.merging(["PATH": "\(products):/usr/bin:/bin"]) { $1 }
        return try await Command.outcome("/bin/bash", ["-euo", "pipefail", "-c", text], environment: settings)
    }

    /// Waits until it ends by itself.
    package func waitUntilExit() async -> Int32? {
        await self.process.withLockedValue { $0 }?.waitUntilExit()
    }

    /// What it has written.
    package func readLog() throws -> String {
        try String(contentsOfFile: self.log, encoding: .utf8)
    }

    /// Its resident memory (`VmRSS` of proc(5)).
    package func residentMemoryKiB() throws -> Int {
        guard let process = self.process.withLockedValue({ $0 }) else { throw TestFailure("\(self.executable) was not started") }
        let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        guard let kib = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) else {
            throw TestFailure("no VmRSS of \(self.executable)")
        }
        return kib
    }

    /// Sets how many descriptors it may have, below those that it has included (`prlimit(1)`).
    package func limitOpenFiles(_ count: Int) async throws {
        guard let process = self.process.withLockedValue({ $0 }) else { throw TestFailure("\(self.executable) was not started") }
        try await Command.run("/usr/bin/prlimit", ["--pid", "\(process.pid)", "--nofile=\(count):"])
    }

    /// Whether `/readyz` answers 200. The limit is far above the promised 2 s, which `ReadinessTests` holds.
    package func isReady() async -> Bool {
        let request = HTTPClientRequest(url: "\(self.url)/readyz")
        return (try? await HTTPClient.shared.execute(request, timeout: .seconds(10)).status) == .ok
    }

    /// - Throws: ``TestFailure`` with the end of its log if it does not answer within 120 s or has ended.
    package func waitUntilListening() async throws {
        try await self.wait {
            (try? await HTTPClient.shared.execute(HTTPClientRequest(url: "\(self.url)/livez"), timeout: .seconds(10))) != nil
        }
    }

    /// - Throws: ``TestFailure`` with the end of its log if it is not ready within 120 s or has ended.
    package func waitUntilReady() async throws {
        try await self.wait { await self.isReady() }
    }

    private func wait(for condition: () async -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while await !condition() {
            let runs = self.process.withLockedValue { $0?.isRunning ?? false }
            guard runs, .now < deadline else {
                throw TestFailure("\(self.executable) \(runs ? "is not ready" : "has ended"):\n\(try self.readLog().suffix(2000))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
