import CoreMetrics
import NIOConcurrencyHelpers

/// One line of a counter: only grows. Whole numbers, because every counter here counts things.
final class CounterSeries: CounterHandler {
    private let value = NIOLockedValueBox<Int64>(0)

    /// Adds `amount`; what is negative is ignored, because a counter that falls reads as a restart.
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

/// One line of a gauge: goes up and down.
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

/// One histogram: how many observations fell into each bucket, their number and their sum.
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

    /// Counts `value`, in base units. What is no number is ignored: it would make the sum useless for ever.
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

/// Where a metric goes whose name was first used for another type: nowhere. A metric must not stop a service.
final class DiscardedSeries: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    func increment(by amount: Int64) {}
    func reset() {}
    func set(_ value: Int64) {}
    func set(_ value: Double) {}
    func increment(by amount: Double) {}
    func decrement(by amount: Double) {}
    func record(_ value: Int64) {}
    func record(_ value: Double) {}
    func recordNanoseconds(_ duration: Int64) {}
}
