/// The place in the outbox where the sweeper reads on.
///
/// Reading from the lowest row each time slows down a hundredfold while an old snapshot keeps deleted rows visible to the index, so the
/// sweeper reads above the last row it saw. Rows commit out of the order of `seq`, and rows that the broker refused stay. Both are found
/// when the cursor goes back to the start, which also spaces out retries.
struct SweepCursor: Sendable {
    /// Rows up to this one were read since the last start.
    private(set) var low: Int64 = 0
    private var startedAt: ContinuousClock.Instant
    private let restartInterval: Duration

    init(now: ContinuousClock.Instant, restartInterval: Duration = .seconds(10)) {
        self.startedAt = now
        self.restartInterval = restartInterval
    }

    /// A read begins: goes back to the start if the interval is over.
    mutating func begin(now: ContinuousClock.Instant) {
        guard now - self.startedAt >= self.restartInterval else { return }
        self.low = 0
        self.startedAt = now
    }

    /// Rows up to `seq` were read.
    mutating func advance(to seq: Int64) {
        self.low = max(self.low, seq)
    }
}
