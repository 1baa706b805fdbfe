import NIOConcurrencyHelpers

/// A token bucket for each subject.
///
/// Full buckets are dropped, because a new one is just as full: only recent subjects are kept. Their number is limited as well; further
/// subjects share one bucket, so that memory and each subject's limit stay bounded.
package final class RateLimiter: Sendable {
    private struct Storage {
        var buckets: [String: TokenBucket] = [:]
        /// At this number of buckets, full ones are dropped.
        var sweepAtSubjects = RateLimiter.sweepMinSubjects
        /// At `maxSubjects`, the next sweep runs no earlier than this.
        var nextSweep: ContinuousClock.Instant
        var strangers: TokenBucket
    }

    private static let sweepMinSubjects = 1024
    private static let sweepMin: Duration = .seconds(1)

    package let limit: RateLimit
    private let maxSubjects: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let storage: NIOLockedValueBox<Storage>

    package init(
        _ limit: RateLimit, maxSubjects: Int = 100_000, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.limit = limit
        self.maxSubjects = maxSubjects
        self.now = now
        self.storage = NIOLockedValueBox(Storage(nextSweep: now(), strangers: TokenBucket(now: now())))
    }

    package func take(_ subject: String) -> TokenBucket.Decision {
        let now = self.now()
        return self.storage.withLockedValue { storage in
            if storage.buckets[subject] == nil { self.makeRoom(&storage, now: now) }
            guard storage.buckets[subject] != nil || storage.buckets.count < self.maxSubjects else {
                return storage.strangers.take(self.limit, now: now)
            }
            return storage.buckets[subject, default: TokenBucket(now: now)].take(self.limit, now: now)
        }
    }

    var subjects: Int { self.storage.withLockedValue { $0.buckets.count } }

    /// A sweep waits until the number has doubled, at the maximum for a second, so that a request costs little on average.
    private func makeRoom(_ storage: inout Storage, now: ContinuousClock.Instant) {
        let count = storage.buckets.count
        guard count >= storage.sweepAtSubjects || count >= self.maxSubjects else { return }
        guard count < self.maxSubjects || now >= storage.nextSweep else { return }
        storage.nextSweep = now + Self.sweepMin
        storage.buckets = storage.buckets.filter { !$0.value.isFull(now: now) }
        storage.sweepAtSubjects = max(Self.sweepMinSubjects, 2 * storage.buckets.count)
    }
}

/// How many requests one subject may make: `burst` at once, `perSecond` in the long run.
package struct RateLimit: Sendable, Equatable {
    package let perSecond: Int
    package let burst: Int

    package init(perSecond: Int, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// Time in which one request is given back.
    var interval: Duration { .seconds(1) / self.perSecond }
    /// Time in which an empty bucket fills, in whole seconds, rounded up.
    package var windowS: Int { (self.burst + self.perSecond - 1) / self.perSecond }
}

/// A token bucket, stored as the instant at which it will be full, so that no timer refills it.
///
/// In any time t at most `burst + perSecond · t` requests are allowed.
package struct TokenBucket: Equatable, Sendable {
    package struct Decision: Equatable, Sendable {
        package let isAllowed: Bool
        /// Requests that would be allowed now.
        package let remaining: Int
        /// Until the bucket is full, in whole seconds, rounded up.
        package let fullInS: Int
        /// Until another request would be allowed, in whole seconds, rounded up; 0: now.
        package let retryAfterS: Int
    }

    private(set) var fullAt: ContinuousClock.Instant

    init(now: ContinuousClock.Instant) {
        self.fullAt = now
    }

    func isFull(now: ContinuousClock.Instant) -> Bool { self.fullAt <= now }

    /// One request at `now`. A refused one takes no token, so repeated requests do not extend the wait.
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
    fileprivate var wholeSecondsUp: Int {
        let (seconds, attoseconds) = self.components
        return Int(seconds) + (attoseconds > 0 ? 1 : 0)
    }
}
