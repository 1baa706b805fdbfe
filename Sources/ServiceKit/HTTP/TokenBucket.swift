/// A token bucket, kept as the one instant at which it will be full again: nothing has to be filled up by anybody.
///
/// In any stretch of time t at most `burst + perSecond · t` requests are let through.
struct TokenBucket: Equatable {
    struct Decision: Equatable {
        let isAllowed: Bool
        /// Requests that would be let through right now.
        let remaining: Int
        /// Until the bucket is full, in whole seconds, rounded up.
        let fullInS: Int
        /// Until another request would be let through, in whole seconds, rounded up; 0: now.
        let retryAfterS: Int
    }

    private(set) var fullAt: ContinuousClock.Instant

    init(now: ContinuousClock.Instant) {
        self.fullAt = now
    }

    func isFull(now: ContinuousClock.Instant) -> Bool { self.fullAt <= now }

    /// One request at `now`. A refused one takes nothing, so that whoever knocks too often is not shut out for longer.
    mutating func take(_ limit: RateLimit, now: ContinuousClock.Instant) -> Decision {
        let capacity = limit.interval * limit.burst
        let missing = max(self.fullAt - now, .zero)
        let isAllowed = missing + limit.interval <= capacity
        let left = isAllowed ? missing + limit.interval : missing
        if isAllowed { self.fullAt = now + left }
        let untilNext = left + limit.interval - capacity
        return Decision(
            isAllowed: isAllowed, remaining: Int((capacity - left) / limit.interval), fullInS: left.wholeSecondsUp,
            retryAfterS: max(untilNext, .zero).wholeSecondsUp)
    }
}

extension Duration {
    /// Rounded up to whole seconds.
    fileprivate var wholeSecondsUp: Int {
        let (seconds, attoseconds) = self.components
        return Int(seconds) + (attoseconds > 0 ? 1 : 0)
    }
}
