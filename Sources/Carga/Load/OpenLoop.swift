import NIOCore

/// How long load is made.
struct LoadTimes: Sendable {
    /// Load before the measuring begins.
    var warmUp: Duration
    var measured: Duration
    /// After that, how long requests that are overdue may wait for a connection.
    var overdueMax: Duration = .seconds(15)

    var total: Duration { self.warmUp + self.measured }
}

/// A second of load, for whoever watches.
struct LoadProgress: Sendable {
    struct Stream: Sendable {
        let name: String
        let second: SecondMeasures
        /// Requests that are due and find every connection busy.
        let waiting: Int
    }

    let elapsedSeconds: Int
    let totalSeconds: Int
    let streams: [Stream]
}

/// Sends streams of requests in an open model: each at its own time, whatever becomes of the others. Used on its event loop only.
///
/// One timer each millisecond sends all that is due. A request that finds every connection busy waits with its time, which is where its
/// latency counts from; what waits is only a number, so that nothing grows.
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

    /// Begins. The future succeeds when every request has ended.
    func run() -> EventLoopFuture<Void> {
        self.begin = .now()
        for stream in self.streams { stream.begin = self.begin }
        self.onTick()
        return self.finished.futureResult
    }

    /// Sends nothing more and gives up what is under way.
    func stop() {
        self.isStopped = true
        for stream in self.streams { stream.close() }
        self.probe?.close()
    }

    private func onTick() {
        let now = NIODeadline.now()
        let elapsed = (now - self.begin).nanoseconds
        self.ticks += 1
        if self.ticks % Self.deadlinesEveryTicks == 0 {
            for stream in self.streams { stream.enforceDeadlines(now) }
            self.probe?.enforceDeadlines(now)
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
    /// Whole nanoseconds; times of a load fit well.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
