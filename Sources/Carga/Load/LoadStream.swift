import NIOCore

/// One stream of requests of an ``OpenLoop``. Used on its event loop only.
final class LoadStream {
    /// When the first request is due.
    var begin = NIODeadline.now()
    private(set) var measures: StreamMeasures
    /// Requests that are due and find every connection busy.
    private(set) var waiting = 0

    private let schedule: ArrivalSchedule
    private let traffic: any Traffic
    private let endpoints: Endpoints
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

    /// Whether all that was due has been sent, or given up, and has ended.
    var isFinished: Bool { self.ended == self.sent && (self.hasGivenUp || self.sent == self.schedule.count) }

    /// Sends all that is due, as far as connections are free.
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

    /// What has not been sent never will be.
    func giveUp() {
        guard !self.hasGivenUp else { return }
        self.hasGivenUp = true
        self.measures.giveUp(self.schedule.count - self.sent)
        self.waiting = 0
    }

    func enforceDeadlines(_ now: NIODeadline) {
        self.endpoints.enforceDeadlines(now)
    }

    func closeSecond() -> SecondMeasures { self.measures.closeSecond() }

    func close() {
        self.endpoints.close()
    }

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
