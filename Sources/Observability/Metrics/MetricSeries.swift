import CoreMetrics
import NIOConcurrencyHelpers

/// One series of a counter: it only grows. Whole numbers, because every counter here counts things.
final class CounterSeries: CounterHandler {
    private let value = NIOLockedValueBox<Int64>(0)

    /// Adds `amount`; negative amounts are ignored, because a falling counter reads as a restart.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        self.value.withLockedValue { value in
            let (sum, overflow) = value.addingReportingOverflow(amount)
            value = overflow ? .max : sum
        }
    }

    func reset() {
        self.value.withLockedValue { $0 = 0 }
    }

    var current: Int64 { self.value.withLockedValue { $0 } }
}

final class GaugeSeries: MeterHandler, RecorderHandler {
    private let value = NIOLockedValueBox<Double>(0)

    func set(_ value: Int64) { self.set(Double(value)) }
    func set(_ value: Double) { self.value.withLockedValue { $0 = value } }
    func increment(by amount: Double) { self.value.withLockedValue { $0 += amount } }
    func decrement(by amount: Double) { self.value.withLockedValue { $0 -= amount } }
    func record(_ value: Int64) { self.set(Double(value)) }
    func record(_ value: Double) { self.set(value) }

    var current: Double { self.value.withLockedValue { $0 } }
}

/// One series of a histogram: the observations in each bucket and their sum.
final class HistogramSeries: TimerHandler, RecorderHandler {
    struct Reading {
        /// Observations per bucket, not cumulated; the last one is above every bound.
        var counts: [UInt64]
        var sum: Double
    }

    let bounds: [Double]
    private let reading: NIOLockedValueBox<Reading>

    init(bounds: [Double]) {
        self.bounds = bounds
        self.reading = NIOLockedValueBox(Reading(counts: Array(repeating: 0, count: bounds.count + 1), sum: 0))
    }

    func record(_ value: Int64) { self.record(Double(value)) }

    /// Counts `value`, in base units. NaN and infinity are ignored: they would make the sum useless.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        // Few bounds and mostly small values: a scan beats a binary search.
        let bucket = self.bounds.firstIndex { value <= $0 } ?? self.bounds.count
        self.reading.withLockedValue { reading in
            reading.counts[bucket] += 1
            reading.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) {
        self.record(Double(duration) / 1_000_000_000)
    }

    var current: Reading { self.reading.withLockedValue { $0 } }
}
