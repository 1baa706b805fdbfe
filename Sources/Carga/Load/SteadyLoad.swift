package import NIOCore
import NIOPosix

/// One request again and again at a constant rate, in an open model as that of the scenarios: for what a bare server of this machine needs at
/// the rate of a scenario.
///
/// Client and server may share a process: the client has a thread of its own, whose processor time is told.
package struct SteadyLoad: Sendable {
    /// What is sent.
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

    /// What came of a run.
    package struct Outcome: Sendable {
        /// Of each stream: 99 of 100 were answered sooner, in ms; nil if none was answered.
        package let p99Ms: [Double?]
        /// Requests that were not answered with a success.
        package let failures: Int
        /// Processor time while the load was made, without the client's: per second of it.
        package let processors: Double
    }

    private let server: LocalServer

    /// A server on this machine that asks for no token.
    package init(port: Int) throws {
        self.server = try LocalServer(port: port)
    }

    /// - Parameter warmUp: load before the measuring of latency begins; its processor time counts, as that of the scenarios does.
    package func run(_ streams: [Stream], warmUp: Duration, for duration: Duration) async throws -> Outcome {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let outcome = try await self.run(streams, LoadTimes(warmUp: warmUp, measured: duration), on: group.any())
            try await group.shutdownGracefully()
            return outcome
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func run(_ streams: [Stream], _ times: LoadTimes, on eventLoop: any EventLoop) async throws -> Outcome {
        let (begin, used) = (ContinuousClock.now, CPUTime.used())
        let run = try await eventLoop.submit { NIOLoopBound(self.make(streams, times, eventLoop), eventLoop: eventLoop) }.get()
        let clientUsed = try await eventLoop.submit { CPUTime.usedByThread() }.get()
        try await eventLoop.flatSubmit { run.value.loop.run() }.get()
        let measures = try await eventLoop.submit {
            run.value.loop.stop()
            return run.value.streams.map(\.measures)
        }.get()
        let client = try await eventLoop.submit { CPUTime.usedByThread() }.get() - clientUsed
        return Outcome(
            p99Ms: measures.map { $0.latencies.percentileMs(99) },
            failures: measures.reduce(0) { $0 + $1.due - $1.accepted },
            processors: (CPUTime.used() - used - client) / (ContinuousClock.now - begin))
    }

    private func make(_ streams: [Stream], _ times: LoadTimes, _ eventLoop: any EventLoop) -> (loop: OpenLoop, streams: [LoadStream]) {
        let streams = streams.map { stream in
            LoadStream(
                name: stream.name, ratePerSecond: stream.ratePerSecond, times: times, traffic: SameRequest(stream.request),
                endpoints: Endpoints(
                    [self.server.address], token: self.server.token, eventLoop: eventLoop, limits: .init(connectionsMax: 256)))
        }
        return (OpenLoop(eventLoop: eventLoop, streams: streams, probe: nil, times: times, onSecond: { _ in }), streams)
    }
}

/// Sends one request, rendered once. Used on its event loop only.
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
