package import NIOCore
import NIOPosix

/// Load on a server on this machine that needs no token, to measure what a bare server carries and what it needs.
package struct LocalLoad: Sendable {
    package struct Stream: Sendable {
        let name: String
        let ratePerSecond: Double
        let request: @Sendable (RequestWriter) -> ByteBuffer

        package init(name: String, ratePerSecond: Double, request: @escaping @Sendable (RequestWriter) -> ByteBuffer) {
            self.name = name
            self.ratePerSecond = ratePerSecond
            self.request = request
        }
    }

    package struct Steady: Sendable {
        /// The p99 latency of each stream in ms; nil if no request was accepted.
        package let p99Ms: [Double?]
        /// Requests without a successful answer.
        package let failures: Int
        /// Processor time per second during the load, without the client's.
        package let processors: Double
    }

    package struct Saturated: Sendable {
        package fileprivate(set) var answers = 0
        package fileprivate(set) var failures = 0
        package fileprivate(set) var seconds = 0.0
    }

    private let address: HTTPAddress
    /// Sent, but not checked.
    private let token: Token

    /// - Throws: ``RequestFailure/malformed`` if there is no such port.
    package init(port: Int) throws {
        guard let address = HTTPAddress(url: "http://127.0.0.1:\(port)"), let token = Token("none") else { throw RequestFailure.malformed }
        self.address = address
        self.token = token
    }

    // MARK: At a constant rate

    /// Repeats requests at constant rates, in the same open model as the scenarios.
    ///
    /// Client and server may share a process. The client runs on its own thread, whose processor time is subtracted.
    /// - Parameter warmUp: load before latency is measured. Its processor time counts, as in the scenarios.
    package func steady(_ streams: [Stream], warmUp: Duration, for duration: Duration) async throws -> Steady {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let result = try await self.steady(streams, LoadTimes(warmUp: warmUp, measured: duration), on: group.any())
            try await group.shutdownGracefully()
            return result
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func steady(_ streams: [Stream], _ times: LoadTimes, on eventLoop: any EventLoop) async throws -> Steady {
        let (begin, used) = (ContinuousClock.now, CPUTime.used())
        let run = try await eventLoop.submit { NIOLoopBound(self.make(streams, times, eventLoop), eventLoop: eventLoop) }.get()
        let clientUsed = try await eventLoop.submit { CPUTime.usedByThread() }.get()
        try await eventLoop.flatSubmit { run.value.loop.run() }.get()
        let measures = try await eventLoop.submit {
            run.value.loop.stop()
            return run.value.streams.map(\.measures)
        }.get()
        let client = try await eventLoop.submit { CPUTime.usedByThread() }.get() - clientUsed
        return Steady(
            p99Ms: measures.map { $0.latencies.percentileMs(99) },
            failures: measures.reduce(0) { $0 + $1.due - $1.accepted },
            processors: (CPUTime.used() - used - client) / (ContinuousClock.now - begin))
    }

    private func make(_ streams: [Stream], _ times: LoadTimes, _ eventLoop: any EventLoop) -> (loop: OpenLoop, streams: [LoadStream]) {
        let streams = streams.map { stream in
            LoadStream(
                name: stream.name, ratePerSecond: stream.ratePerSecond, times: times, traffic: SameRequest(stream.request),
                endpoints: Endpoints([self.address], token: self.token, eventLoop: eventLoop, limits: .init(connectionsMax: 256)))
        }
        return (OpenLoop(eventLoop: eventLoop, streams: streams, probe: nil, times: times, onSecond: { _ in }), streams)
    }

    // MARK: At the highest rate

    /// Repeats a request as fast as a number of connections carry it, one at a time on each. It measures throughput, not latency.
    package func saturate(
        connections: Int, for duration: Duration, _ request: @escaping @Sendable (RequestWriter) -> ByteBuffer
    ) async throws -> Saturated {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let start = ContinuousClock.now
        var result = try await eventLoop.flatSubmit { () -> EventLoopFuture<Saturated> in
            let pool = ConnectionPool(
                address: self.address, token: self.token, eventLoop: eventLoop, limits: .init(connectionsMax: connections))
            let loop = ClosedLoop(
                pool: pool, request: request(pool.writer), open: connections, end: start + duration,
                promise: eventLoop.makePromise(of: Saturated.self))
            for _ in 0..<connections { loop.send() }
            return loop.promise.futureResult
        }.get()
        result.seconds = (.now - start) / .seconds(1)
        return result
    }
}

/// Sends one request, rendered once. Used only on its event loop.
private final class SameRequest: Traffic {
    private let render: @Sendable (RequestWriter) -> ByteBuffer
    private var rendered: ByteBuffer?

    init(_ render: @escaping @Sendable (RequestWriter) -> ByteBuffer) {
        self.render = render
    }

    func request(_ number: Int, _ writer: RequestWriter) -> ByteBuffer {
        let request = self.rendered ?? self.render(writer)
        self.rendered = request
        return request
    }

    func take(_ number: Int, _ result: Result<HTTPAnswer, RequestFailure>) -> Outcome {
        switch result {
        case .success(let answer) where (200..<300).contains(answer.status): .accepted
        case .success(let answer): .refused(status: answer.status)
        case .failure: .unknown
        }
    }
}

/// Sends the next request on a connection when the last one is answered. Used only on its event loop.
private final class ClosedLoop {
    let promise: EventLoopPromise<LocalLoad.Saturated>
    private let pool: ConnectionPool
    private let request: ByteBuffer
    private let end: ContinuousClock.Instant
    private var open: Int
    private var result = LocalLoad.Saturated()

    init(
        pool: ConnectionPool, request: ByteBuffer, open: Int, end: ContinuousClock.Instant, promise: EventLoopPromise<LocalLoad.Saturated>
    ) {
        self.pool = pool
        self.request = request
        self.open = open
        self.end = end
        self.promise = promise
    }

    func send() {
        self.pool.send(self.request) { result in
            switch result {
            case .success: self.result.answers += 1
            case .failure: self.result.failures += 1
            }
            if case .success = result, .now < self.end { return self.send() }
            self.open -= 1
            guard self.open == 0 else { return }
            self.pool.close()
            self.promise.succeed(self.result)
        }
    }
}
