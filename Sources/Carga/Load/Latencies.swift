import Histogram

/// A distribution of latencies, to three significant digits (HdrHistogram).
struct Latencies: Sendable {
    /// Ten minutes; what took longer counts as that.
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
