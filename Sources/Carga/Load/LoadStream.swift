import NIOCore

/// One stream of requests of an ``OpenLoop``. Used only on its event loop.
final class LoadStream {
    var begin = NIODeadline.now()
    private(set) var measures: StreamMeasures
    /// Due requests that wait because every connection is busy.
    private(set) var waiting = 0

    let endpoints: Endpoints
    private let schedule: ArrivalSchedule
    private let traffic: any Traffic
    private let warmUpNanoseconds: Int64
    private let endNanoseconds: Int64
    private var sent = 0
    private var ended = 0
    private var hasGivenUp = false

    init(name: String, ratePerSecond: Double, times: LoadTimes, traffic: any Traffic, endpoints: Endpoints) {
        self.schedule = ArrivalSchedule(ratePerSecond: ratePerSecond, duration: times.total)
        self.measures = StreamMeasures(name: name, ratePerSecond: ratePerSecond, measured: times.measured)
        self.traffic = traffic
        self.endpoints = endpoints
        self.warmUpNanoseconds = times.warmUp.nanoseconds
        self.endNanoseconds = times.total.nanoseconds
    }

    /// Whether every request has ended or was given up.
    var isFinished: Bool { self.ended == self.sent && (self.hasGivenUp || self.sent == self.schedule.count) }

    /// Sends due requests while connections are free.
    func pump(_ now: NIODeadline) {
        let elapsed = (now - self.begin).nanoseconds
        let due = self.schedule.dueCount(afterNanoseconds: elapsed)
        let wasWaiting = self.waiting > 0
        while self.sent < due, !self.hasGivenUp, let pool = self.endpoints.choose() {
            let number = self.sent
            let dueAt = self.schedule.dueNanoseconds(number)
            self.sent += 1
            self.measures.send(isMeasured: dueAt >= self.warmUpNanoseconds, isInTime: elapsed <= self.endNanoseconds)
            if !wasWaiting, dueAt >= self.warmUpNanoseconds { self.measures.lag(nanoseconds: elapsed - dueAt) }
            pool.send(self.traffic.request(number, pool.writer)) { self.end(number, dueAt, $0) }
        }
        self.waiting = due - self.sent
        self.measures.wait(self.waiting)
    }

    /// Sends nothing more and counts the unsent requests as never sent.
    func giveUp() {
        guard !self.hasGivenUp else { return }
        self.hasGivenUp = true
        self.measures.giveUp(self.schedule.count - self.sent)
        self.waiting = 0
    }

    func closeSecond() -> SecondMeasures { self.measures.closeSecond() }

    private func end(_ number: Int, _ dueAt: Int64, _ result: Result<HTTPAnswer, RequestFailure>) {
        let now = NIODeadline.now()
        let elapsed = (now - self.begin).nanoseconds
        self.ended += 1
        self.measures.take(
            self.traffic.take(number, result),
            nanoseconds: elapsed - dueAt,
            isMeasured: dueAt >= self.warmUpNanoseconds,
            isInTime: elapsed >= self.warmUpNanoseconds && elapsed <= self.endNanoseconds)
        if self.waiting > 0 { self.pump(now) }
    }
}

enum Outcome: Sendable, Equatable {
    case accepted
    /// 429 or 503: certainly not done. The contract requires `Retry-After`.
    case shed(hasRetryAfter: Bool)
    /// Any other answer. For this load it is always a fault.
    case refused(status: Int)
    /// No clear answer: it may or may not have been done.
    case unknown
}

/// Renders the requests of a stream and judges their answers. Used only on the event loop.
protocol Traffic: AnyObject {
    /// Renders a request.
    /// - Parameter number: counted from 0.
    func request(_ number: Int, _ writer: RequestWriter) -> ByteBuffer
    func take(_ number: Int, _ result: Result<HTTPAnswer, RequestFailure>) -> Outcome
}

/// The times at which the requests of an open model are due: a constant rate, independent of earlier requests.
///
/// Request n is due n/rate after the beginning. Each time is computed from n, so that rounding errors do not add up.
struct ArrivalSchedule: Sendable {
    let count: Int
    private let ratePerSecond: Double

    /// - Parameters:
    ///   - ratePerSecond: more than 0.
    ///   - duration: the time in which requests become due.
    init(ratePerSecond: Double, duration: Duration) {
        precondition(ratePerSecond > 0)
        self.ratePerSecond = ratePerSecond
        self.count = Int((ratePerSecond * (duration / .seconds(1))).rounded())
    }

    /// The time at which a request is due, in nanoseconds after the beginning.
    func dueNanoseconds(_ number: Int) -> Int64 {
        Int64(Double(number) * 1e9 / self.ratePerSecond)
    }

    /// The number of requests due by a time in nanoseconds after the beginning.
    func dueCount(afterNanoseconds elapsed: Int64) -> Int {
        guard elapsed >= 0 else { return 0 }
        var due = min(self.count, Int(Double(elapsed) * self.ratePerSecond / 1e9) + 1)
        // Rounding may be off by one either way; `dueNanoseconds` is the definition.
        while due > 0, self.dueNanoseconds(due - 1) > elapsed { due -= 1 }
        while due < self.count, self.dueNanoseconds(due) <= elapsed { due += 1 }
        return due
    }
}
