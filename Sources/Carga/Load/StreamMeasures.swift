import Histogram

/// One second of a stream. Answers count in the second in which they arrive.
struct SecondMeasures: Sendable {
    var sent = 0
    var accepted = 0
    var shed = 0
    /// Refused and unknown answers.
    var failed = 0
    var p50Ms: Double?
    var p99Ms: Double?
    var maxMs: Double?
}

/// The measures of a stream of requests. Latency counts from the time at which a request was due.
struct StreamMeasures: Sendable {
    let name: String
    let ratePerSecond: Double
    /// The measured time after the warm-up.
    let measured: Duration

    /// Requests due in the measured time, by outcome. The warm-up counts in none of these.
    private(set) var due = 0
    private(set) var accepted = 0
    private(set) var shed = 0
    private(set) var shedWithoutRetryAfter = 0
    private(set) var refused: [Int: Int] = [:]
    private(set) var unknown = 0
    private(set) var latencies = Latencies()
    private(set) var segments = Segments()
    private(set) var shedLatencies = Latencies()

    /// How late carga itself sent requests although a connection was free.
    private(set) var ownLateness = Latencies()
    /// Requests sent before the measured time was over.
    private(set) var sentInTime = 0
    /// Due requests that never found a free connection.
    private(set) var neverSent = 0
    /// The highest number of due requests that waited because every connection was busy.
    private(set) var waitingMax = 0
    /// Accepted answers that arrived in the measured time.
    private(set) var acceptedInTime = 0

    /// Every second from the beginning of the warm-up.
    private(set) var seconds: [SecondMeasures] = []
    private var second = SecondMeasures()
    private var secondLatencies = Latencies()

    /// More seconds than the longest run has.
    private static let secondsMax = 7200

    init(name: String, ratePerSecond: Double, measured: Duration) {
        self.name = name
        self.ratePerSecond = ratePerSecond
        self.measured = measured
    }

    mutating func send(isMeasured: Bool, isInTime: Bool) {
        self.second.sent += 1
        if isMeasured { self.due += 1 }
        if isMeasured, isInTime { self.sentInTime += 1 }
    }

    /// Records how late a request was sent although a connection was free.
    mutating func lag(nanoseconds: Int64) {
        self.ownLateness.record(nanoseconds: nanoseconds)
    }

    /// Records the number of requests that wait because every connection is busy.
    mutating func wait(_ count: Int) {
        self.waitingMax = max(self.waitingMax, count)
    }

    /// Counts requests that will never be sent.
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

    /// Ends the current second and returns its measures.
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
    var acceptedPerSecond: Double { Double(self.acceptedInTime) / (self.measured / .seconds(1)) }
    var offeredPerSecond: Double { Double(self.sentInTime) / (self.measured / .seconds(1)) }

    /// The reason why carga itself did not offer the rate; nil if it did. Requests that wait for a connection are the system's delay: their
    /// latency grows, and the report shows it.
    var notOffered: String? {
        if let late = self.ownLateness.percentileMs(99), late > Self.ownLatenessMaxMs {
            return "carga itself was \(Int(late.rounded())) ms late (p99) in sending; up to \(Int(Self.ownLatenessMaxMs)) ms are tolerated"
        }
        guard self.waitingMax == 0, self.due > 0 else { return nil }
        let share = Double(self.sentInTime) / Double(self.due)
        return share < 0.99 ? "carga sent only \(Int(share * 100)) % of what was due in time" : nil
    }

    /// A larger lateness is no constant rate.
    static let ownLatenessMaxMs = 50.0
}

/// A distribution of latencies, to three significant digits (HdrHistogram).
struct Latencies: Sendable {
    /// Ten minutes. Longer latencies count as this value.
    static let highestMicroseconds: UInt64 = 600_000_000

    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: Latencies.highestMicroseconds, numberOfSignificantValueDigits: .three)

    var count: UInt64 { self.histogram.totalCount }

    mutating func record(nanoseconds: Int64) {
        self.histogram.record(min(UInt64(max(0, nanoseconds)) / 1000, Self.highestMicroseconds))
    }

    mutating func add(_ other: Latencies) {
        self.histogram.add(other.histogram)
    }

    mutating func reset() {
        self.histogram.reset()
    }

    /// In milliseconds; nil if nothing was recorded.
    func percentileMs(_ percentile: Double) -> Double? {
        self.count == 0 ? nil : Double(self.histogram.valueAtPercentile(percentile)) / 1000
    }

    /// In milliseconds; nil if nothing was recorded.
    var maxMs: Double? { self.percentileMs(100) }
}

/// Percentiles of segments of 10 s. A short disturbance of the machine affects one segment and not the median.
struct Segments: Sendable {
    static let seconds = 10

    /// The p99 of each complete segment with an answer.
    private(set) var p99Ms: [Double] = []
    private var latencies = Latencies()
    private var openSeconds = 0

    mutating func record(nanoseconds: Int64) {
        self.latencies.record(nanoseconds: nanoseconds)
    }

    /// Ends a second. The first segment begins with the first answer.
    mutating func closeSecond() {
        guard self.openSeconds > 0 || self.latencies.count > 0 else { return }
        self.openSeconds += 1
        guard self.openSeconds == Self.seconds else { return }
        if let p99 = self.latencies.percentileMs(99) { self.p99Ms.append(p99) }
        self.latencies.reset()
        self.openSeconds = 0
    }

    /// Adds the complete segments of another measurement.
    mutating func add(_ other: Segments) {
        self.p99Ms += other.p99Ms
    }

    /// The median over the segments, the higher of two middle values; nil without a segment.
    var medianP99Ms: Double? {
        self.p99Ms.isEmpty ? nil : self.p99Ms.sorted()[self.p99Ms.count / 2]
    }
}
