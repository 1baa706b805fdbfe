import AsyncHTTPClient
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1

/// One running instance of a release product, which a test may kill, stop and start again.
package final class ServiceProcess: Sendable {
    /// Where it listens.
    package let url: String
    private let executable: String
    private let environment: [String: String]
    private let log: String
    private let process = NIOLockedValueBox<ChildProcess?>(nil)

    /// - Parameters:
    ///   - product: `lancamentos` or `consolidado`.
    ///   - environment: all of it.
    ///   - port: where it is configured to listen.
    ///   - folder: for its log.
    init(product: String, environment: [String: String], port: Int, folder: String) throws {
        guard let products = TestServers.products else { throw TestFailure("TESTE_PRODUTOS is not set") }
        self.executable = "\(products)/\(product)"
        self.environment = environment
        self.url = "http://127.0.0.1:\(port)"
        self.log = "\(folder)/\(product)-\(port).log"
    }

    /// Starts it and returns when it is ready.
    package func start() async throws {
        try self.launch()
        try await self.waitUntilReady()
    }

    /// Starts it without waiting.
    package func launch() throws {
        let process = try ChildProcess(self.executable, ["serve"], environment: self.environment, output: self.log)
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

    /// Whether `/readyz` answers 200.
    package func isReady() async -> Bool {
        let request = HTTPClientRequest(url: "\(self.url)/readyz")
        return (try? await HTTPClient.shared.execute(request, timeout: .seconds(2)).status) == .ok
    }

    /// - Throws: ``TestFailure`` with the end of its log if it is not ready within 60 s or has ended.
    package func waitUntilReady() async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while await !self.isReady() {
            let runs = self.process.withLockedValue { $0?.isRunning ?? false }
            guard runs, .now < deadline else {
                let text = try String(contentsOfFile: self.log, encoding: .utf8).suffix(2000)
                throw TestFailure("\(self.executable) \(runs ? "is not ready" : "has ended"):\n\(text)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
