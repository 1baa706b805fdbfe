/// Gathers what would be said again and again: a count goes out at most once an interval, with all that came since the last.
struct WarningThrottle: Sendable {
    private let interval: Duration
    private var next: ContinuousClock.Instant?
    private var count = 0

    init(interval: Duration = .seconds(5)) {
        self.interval = interval
    }

    /// - Returns: the count to tell now, or nil: it is told with a later one.
    mutating func add(_ more: Int, now: ContinuousClock.Instant) -> Int? {
        self.count += more
        if let next, now < next { return nil }
        self.next = now + self.interval
        defer { self.count = 0 }
        return self.count
    }
}
