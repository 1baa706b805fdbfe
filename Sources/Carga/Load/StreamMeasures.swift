/// What one second of a stream was like; answers count in the second in which they came.
struct SecondMeasures: Sendable {
    var sent = 0
    var accepted = 0
    var shed = 0
    /// Refused and unknown.
    var failed = 0
    var p50Ms: Double?
    var p99Ms: Double?
    var maxMs: Double?
}

/// What a stream of requests met with. Latency counts from the moment at which a request was due.
struct StreamMeasures: Sendable {
    let name: String
    /// What was to be offered.
    let ratePerSecond: Double
    /// How long was measured, after the warm-up.
    let measured: Duration

    /// Requests that were due in the measured time, by what became of them. Warm-up counts in none of these.
    private(set) var due = 0
    private(set) var accepted = 0
    private(set) var shed = 0
    private(set) var shedWithoutRetryAfter = 0
    /// By status.
    private(set) var refused: [Int: Int] = [:]
    private(set) var unknown = 0
    /// Of those that were accepted.
    private(set) var latencies = Latencies()
    private(set) var segments = Segments()
    /// Of those that were shed.
    private(set) var shedLatencies = Latencies()

    /// How late carga itself was in sending, where a connection was free.
    private(set) var ownLateness = Latencies()
    /// How many were sent before the measured time was over.
    private(set) var sentInTime = 0
    /// Due requests that never found a free connection.
    private(set) var neverSent = 0
    /// The most requests that were due and found every connection busy.
    private(set) var waitingMax = 0
    /// Accepted answers that came in the measured time.
    private(set) var acceptedInTime = 0

    /// From the beginning of the warm-up.
    private(set) var seconds: [SecondMeasures] = []
    private var second = SecondMeasures()
    private var secondLatencies = Latencies()

    /// More than the longest run has.
    private static let secondsMax = 7200

    init(name: String, ratePerSecond: Double, measured: Duration) {
        self.name = name
        self.ratePerSecond = ratePerSecond
        self.measured = measured
    }

    /// A request was sent.
    mutating func send(isMeasured: Bool, isInTime: Bool) {
        self.second.sent += 1
        if isMeasured { self.due += 1 }
        if isMeasured, isInTime { self.sentInTime += 1 }
    }

    /// It was sent so late though a connection was free.
    mutating func lag(nanoseconds: Int64) {
        self.ownLateness.record(nanoseconds: nanoseconds)
    }

    /// So many are due and find every connection busy.
    mutating func wait(_ count: Int) {
        self.waitingMax = max(self.waitingMax, count)
    }

    /// So many will never be sent.
    mutating func giveUp(_ count: Int) {
        self.due += count
        self.neverSent += count
    }

    mutating func take(_ outcome: Outcome, nanoseconds: Int64, isMeasured: Bool, isInTime: Bool) {
        switch outcome {
        case .accepted:
            self.second.accepted += 1
            self.secondLatencies.record(nanoseconds: nanoseconds)
            if isInTime { self.acceptedInTime += 1 }
        case .shed: self.second.shed += 1
        case .refused, .unknown: self.second.failed += 1
        }
        guard isMeasured else { return }
        switch outcome {
        case .accepted:
            self.accepted += 1
            self.latencies.record(nanoseconds: nanoseconds)
            self.segments.record(nanoseconds: nanoseconds)
        case .shed(let hasRetryAfter):
            self.shed += 1
            self.shedLatencies.record(nanoseconds: nanoseconds)
            if !hasRetryAfter { self.shedWithoutRetryAfter += 1 }
        case .refused(let status): self.refused[status, default: 0] += 1
        case .unknown: self.unknown += 1
        }
    }

    /// A second is over.
    mutating func closeSecond() -> SecondMeasures {
        self.second.p50Ms = self.secondLatencies.percentileMs(50)
        self.second.p99Ms = self.secondLatencies.percentileMs(99)
        self.second.maxMs = self.secondLatencies.maxMs
        if self.seconds.count < Self.secondsMax { self.seconds.append(self.second) }
        self.segments.closeSecond()
        defer {
            self.second = SecondMeasures()
            self.secondLatencies.reset()
        }
        return self.second
    }
}

extension StreamMeasures {
    var refusedCount: Int { self.refused.values.reduce(0, +) }
    /// Shed, refused or without a clear answer.
    var errors: Int { self.shed + self.refusedCount + self.unknown + self.neverSent }
    /// Accepted answers a second.
    var acceptedPerSecond: Double { Double(self.acceptedInTime) / (self.measured / .seconds(1)) }
    /// Requests sent a second.
    var offeredPerSecond: Double { Double(self.sentInTime) / (self.measured / .seconds(1)) }

    /// Why the rate was not offered by carga's own fault; nil if it was. Requests that wait for a connection are the system's doing: their
    /// latency grows, and the report says so.
    var notOffered: String? {
        if let late = self.ownLateness.percentileMs(99), late > Self.ownLatenessMaxMs {
            return "carga itself was \(Int(late.rounded())) ms late (p99) in sending; up to \(Int(Self.ownLatenessMaxMs)) ms are tolerated"
        }
        guard self.waitingMax == 0, self.due > 0 else { return nil }
        let share = Double(self.sentInTime) / Double(self.due)
        return share < 0.99 ? "carga sent only \(Int(share * 100)) % of what was due in time" : nil
    }

    /// Beyond it what is sent is no constant rate any more.
    static let ownLatenessMaxMs = 50.0
}
