/// When a key set is looked at again: pure state, no clock, no I/O.
///
/// Looks are regular while they succeed and come with growing waits while they fail. A token with an unknown `kid` may ask for one out of
/// turn, because a new key is often used before the next regular look; made-up `kid`s cannot make such looks more frequent than `askedMin`.
struct RefreshSchedule {
    struct Limits {
        /// Between looks that succeed.
        var interval: Duration
        /// Wait after the first failure; it doubles with each further one.
        var retryMin: Duration
        var retryMax: Duration
        /// Between the end of one look and another that is asked for.
        var askedMin: Duration
    }

    private let limits: Limits
    /// When the next regular look is due.
    private(set) var due: ContinuousClock.Instant
    /// Looks that failed since the last that succeeded.
    private(set) var failures = 0
    private var lastLook: ContinuousClock.Instant?

    /// The first look is due at once.
    init(_ limits: Limits, now: ContinuousClock.Instant) {
        self.limits = limits
        self.due = now
    }

    mutating func looked(succeeded: Bool, now: ContinuousClock.Instant) {
        self.lastLook = now
        if succeeded {
            self.failures = 0
            self.due = now + self.limits.interval
        } else {
            let doubled = self.limits.retryMin * (1 << min(self.failures, 16))
            self.failures += 1
            self.due = now + min(doubled, self.limits.retryMax)
        }
    }

    /// Whether somebody who misses a key may have a look made now. While the source is away its own pace is kept.
    func mayAsk(now: ContinuousClock.Instant) -> Bool {
        guard let lastLook = self.lastLook else { return true }
        return self.failures == 0 && now - lastLook >= self.limits.askedMin
    }
}
