/// Where the sweeper reads on in the outbox.
///
/// Reading from the lowest row each time slows down a hundredfold while an old snapshot keeps deleted rows visible to the index, so it reads
/// above the last row seen. Rows commit out of the order of `seq`, and rows that the broker refused stay: both are found when the cursor
/// goes back to the start, which also spaces out retries.
struct SweepCursor: Sendable {
    /// Rows up to here have been looked at since the last start.
    private(set) var low: Int64 = 0
    private var startedAt: ContinuousClock.Instant
    private let restartInterval: Duration

    init(now: ContinuousClock.Instant, restartInterval: Duration = .seconds(10)) {
        self.startedAt = now
        self.restartInterval = restartInterval
    }

    /// A round of reading begins.
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
