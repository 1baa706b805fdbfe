package import NIOCore
import NIOPosix

/// Requests as fast as some connections carry them, one at a time on each: for what a server can carry at most, never for its latency.
package struct ClosedLoop: Sendable {
    /// What came of a run.
    package struct Outcome: Sendable {
        package let answers: Int
        /// Requests without an answer.
        package let failures: Int
        package let seconds: Double
    }

    private let server: LocalServer
    private let connections: Int

    /// A server on this machine that asks for no token.
    package init(port: Int, connections: Int) throws {
        self.server = try LocalServer(port: port)
        self.connections = connections
    }

    /// - Parameter request: renders the one request that is sent again and again.
    package func run(for duration: Duration, _ request: @escaping @Sendable (RequestWriter) -> ByteBuffer) async throws -> Outcome {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let start = ContinuousClock.now
        let counts = try await eventLoop.flatSubmit { () -> EventLoopFuture<Counts> in
            let pool = ConnectionPool(
                address: self.server.address, token: self.server.token, eventLoop: eventLoop,
                limits: .init(connectionsMax: self.connections))
            let run = Run(
                pool: pool, request: request(pool.writer), open: self.connections, end: start + duration,
                promise: eventLoop.makePromise(of: Counts.self))
            for _ in 0..<self.connections { run.send() }
            return run.promise.futureResult
        }.get()
        return Outcome(answers: counts.answers, failures: counts.failures, seconds: (.now - start) / .seconds(1))
    }

    private struct Counts: Sendable {
        var answers = 0
        var failures = 0
    }

    /// Used on its event loop only.
    private final class Run {
        let promise: EventLoopPromise<Counts>
        private let pool: ConnectionPool
        private let request: ByteBuffer
        private let end: ContinuousClock.Instant
        private var open: Int
        private var counts = Counts()

        init(pool: ConnectionPool, request: ByteBuffer, open: Int, end: ContinuousClock.Instant, promise: EventLoopPromise<Counts>) {
            self.pool = pool
            self.request = request
            self.open = open
            self.end = end
            self.promise = promise
        }

        func send() {
            self.pool.send(self.request) { result in
                switch result {
                case .success: self.counts.answers += 1
                case .failure: self.counts.failures += 1
                }
                if case .success = result, .now < self.end { return self.send() }
                self.open -= 1
                guard self.open == 0 else { return }
                self.pool.close()
                self.promise.succeed(self.counts)
            }
        }
    }
}
