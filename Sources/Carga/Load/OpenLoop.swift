import NIOCore

struct LoadTimes: Sendable {
    var warmUp: Duration
    var measured: Duration
    /// How long overdue requests may wait for a connection after that.
    var overdueMax: Duration = .seconds(15)

    var total: Duration { self.warmUp + self.measured }
}

struct LoadProgress: Sendable {
    struct Stream: Sendable {
        let name: String
        let second: SecondMeasures
        /// Due requests that wait because every connection is busy.
        let waiting: Int
    }

    let elapsedSeconds: Int
    let totalSeconds: Int
    let streams: [Stream]
}

/// Sends streams of requests in an open model: each request at its own time, independent of the others. Used only on its event loop.
///
/// A timer sends the due requests every millisecond. A request that finds every connection busy waits, and its latency still counts from the
/// time at which it was due. Waiting requests are only counted, so memory is constant.
final class OpenLoop {
    private static let tick = TimeAmount.milliseconds(1)
    private static let deadlinesEveryTicks = 100

    private let eventLoop: any EventLoop
    private let streams: [LoadStream]
    private let probe: VisibleProbe?
    private let times: LoadTimes
    private let onSecond: (LoadProgress) -> Void
    private let finished: EventLoopPromise<Void>
    private var begin = NIODeadline.now()
    private var ticks = 0
    private var closedSeconds = 0
    private var isStopped = false

    init(
        eventLoop: any EventLoop, streams: [LoadStream], probe: VisibleProbe?, times: LoadTimes,
        onSecond: @escaping (LoadProgress) -> Void
    ) {
        self.eventLoop = eventLoop
        self.streams = streams
        self.probe = probe
        self.times = times
        self.onSecond = onSecond
        self.finished = eventLoop.makePromise()
    }

    /// Starts the load. The future succeeds when every request has ended.
    func run() -> EventLoopFuture<Void> {
        self.begin = .now()
        for stream in self.streams { stream.begin = self.begin }
        self.onTick()
        return self.finished.futureResult
    }

    /// Stops sending and drops the requests in flight.
    func stop() {
        self.isStopped = true
        for stream in self.streams { stream.endpoints.close() }
        self.probe?.endpoints.close()
    }

    private func onTick() {
        let now = NIODeadline.now()
        let elapsed = (now - self.begin).nanoseconds
        self.ticks += 1
        if self.ticks % Self.deadlinesEveryTicks == 0 {
            for stream in self.streams { stream.endpoints.enforceDeadlines(now) }
            self.probe?.endpoints.enforceDeadlines(now)
        }
        if self.isStopped || elapsed > (self.times.total + self.times.overdueMax).nanoseconds {
            for stream in self.streams { stream.giveUp() }
        } else {
            for stream in self.streams { stream.pump(now) }
        }
        self.closeSeconds(elapsed)
        if self.streams.allSatisfy(\.isFinished), self.probe?.isIdle ?? true {
            self.finished.succeed()
        } else {
            self.eventLoop.assumeIsolated().scheduleTask(in: Self.tick) { self.onTick() }
        }
    }

    private func closeSeconds(_ elapsedNanoseconds: Int64) {
        while Int64(self.closedSeconds + 1) * 1_000_000_000 <= elapsedNanoseconds {
            self.closedSeconds += 1
            self.probe?.closeSecond()
            let streams = self.streams.map {
                LoadProgress.Stream(name: $0.measures.name, second: $0.closeSecond(), waiting: $0.waiting)
            }
            let total = Int((self.times.total / .seconds(1)).rounded())
            self.onSecond(LoadProgress(elapsedSeconds: self.closedSeconds, totalSeconds: total, streams: streams))
        }
    }
}

extension Duration {
    /// Whole nanoseconds. The times of a load do not overflow.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
