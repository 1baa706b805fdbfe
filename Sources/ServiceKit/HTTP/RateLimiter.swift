import HTTPTypes
import NIOConcurrencyHelpers

/// A token bucket for each subject.
///
/// Full buckets are forgotten, because a new one is just as full: what is kept are the subjects of the last few moments. Their number is
/// limited too; those beyond share one bucket, so that memory and everybody's limit hold whatever comes.
final class RateLimiter: Sendable {
    private struct Storage {
        var buckets: [String: TokenBucket] = [:]
        /// When so many are kept, full ones are looked for.
        var sweepAtSubjects = RateLimiter.sweepMinSubjects
        var strangers: TokenBucket
    }

    private static let sweepMinSubjects = 1024

    private let limit: RateLimit
    private let maxSubjects: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let storage: NIOLockedValueBox<Storage>

    init(_ limit: RateLimit, maxSubjects: Int = 100_000, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }) {
        self.limit = limit
        self.maxSubjects = maxSubjects
        self.now = now
        self.storage = NIOLockedValueBox(Storage(strangers: TokenBucket(now: now())))
    }

    /// One request of this subject.
    func take(_ subject: String) -> TokenBucket.Decision {
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

    /// Each sweep waits until the number has doubled, so that a request costs constant time on average.
    private func makeRoom(_ storage: inout Storage, now: ContinuousClock.Instant) {
        guard storage.buckets.count >= min(storage.sweepAtSubjects, self.maxSubjects) else { return }
        storage.buckets = storage.buckets.filter { !$0.value.isFull(now: now) }
        storage.sweepAtSubjects = max(Self.sweepMinSubjects, 2 * storage.buckets.count)
    }

    /// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10 §3 and §4): the quota and its window in seconds; what
    /// remains and in how many seconds all of it is back.
    func headers(_ decision: TokenBucket.Decision) -> HTTPFields {
        [
            .rateLimitPolicy: "\"padrao\";q=\(self.limit.burst);w=\(self.limit.windowS)",
            .rateLimit: "\"padrao\";r=\(decision.remaining);t=\(decision.fullInS)",
        ]
    }
}

extension HTTPField.Name {
    static let rateLimitPolicy = Self("RateLimit-Policy")!
    static let rateLimit = Self("RateLimit")!
}
