import Fixtures
import SeededRandom
import Testing

@testable import Access

@Suite struct TokenBucketTests {
    static let start = ContinuousClock.now

    @Test func burstThenRate() {
        let limit = RateLimit(perSecond: 2, burst: 3)
        var bucket = TokenBucket(now: Self.start)
        let decisions = (0..<4).map { _ in bucket.take(limit, now: Self.start) }
        #expect(decisions.map(\.isAllowed) == [true, true, true, false])
        #expect(decisions.map(\.remaining) == [2, 1, 0, 0])
        #expect(decisions.map(\.fullInS) == [1, 1, 2, 2])
        #expect(decisions.map(\.retryAfterS) == [0, 0, 1, 1])
        let later = bucket.take(limit, now: Self.start + .milliseconds(499))
        #expect(!later.isAllowed)
        let atLast = bucket.take(limit, now: Self.start + .milliseconds(500))
        #expect(atLast.isAllowed && atLast.remaining == 0)
        #expect(!bucket.isFull(now: Self.start + .milliseconds(1999)))
        #expect(bucket.isFull(now: Self.start + .seconds(2)))
        // A bucket that was idle for long is no more than full.
        let rested = (0..<4).map { _ in bucket.take(limit, now: Self.start + .seconds(1_000_000)) }
        #expect(rested.map(\.isAllowed) == [true, true, true, false])
    }

    @Test func windowIsTheTimeToFill() {
        #expect(RateLimit(perSecond: 100, burst: 100).windowS == 1)
        #expect(RateLimit(perSecond: 100, burst: 101).windowS == 2)
        #expect(RateLimit(perSecond: 10, burst: 1).windowS == 1)
    }

    /// In any stretch of time at most burst + rate · t, and no less than a patient caller is due.
    @Test func neverMoreThanBurstPlusRateTimesTime() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let limit = RateLimit(perSecond: Int.random(in: 1...1000, using: &random), burst: Int.random(in: 1...50, using: &random))
            var bucket = TokenBucket(now: Self.start)
            var now: Int64 = 0
            var allowed: [Int64] = []
            for _ in 0..<300 {
                now += Bool.random(using: &random) ? 0 : Int64.random(in: 0...(3_000_000_000 / Int64(limit.perSecond)), using: &random)
                let decision = bucket.take(limit, now: Self.start + .nanoseconds(now))
                if decision.isAllowed { allowed.append(now) }
                #expect((0..<limit.burst + 1).contains(decision.remaining), "seed \(seed)")
                #expect((decision.retryAfterS == 0) == (decision.remaining > 0), "seed \(seed)")
            }
            // In billionths, so that nothing is rounded away.
            let tooMany = allowed.indices.contains { first in
                allowed.indices[first...].contains { last in
                    let granted = Int64(last - first + 1) * 1_000_000_000
                    return granted > Int64(limit.burst) * 1_000_000_000 + Int64(limit.perSecond) * (allowed[last] - allowed[first])
                }
            }
            #expect(!tooMany, "seed \(seed)")
            #expect(allowed.count >= limit.burst, "seed \(seed)")
        }
    }

    @Test func waitingAsToldIsEnough() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let limit = RateLimit(perSecond: 3, burst: 2)
        var bucket = TokenBucket(now: Self.start)
        var now = Self.start
        for _ in 0..<1000 {
            let decision = bucket.take(limit, now: now)
            if decision.isAllowed {
                now += .milliseconds(Int.random(in: 0...200, using: &random))
            } else {
                now += .seconds(decision.retryAfterS)
                let again = bucket.take(limit, now: now)
                #expect(again.isAllowed, "seed \(seed)")
            }
        }
    }
}

@Suite struct RateLimiterTests {
    @Test func subjectsDoNotShareABucket() {
        let clock = FakeClock()
        let limiter = RateLimiter(RateLimit(perSecond: 1, burst: 2), now: { clock.now })
        #expect([limiter.take("a"), limiter.take("a"), limiter.take("a")].map(\.isAllowed) == [true, true, false])
        #expect(limiter.take("b").isAllowed)
        clock.advance(.seconds(1))
        #expect([limiter.take("a"), limiter.take("a")].map(\.isAllowed) == [true, false])
    }

    @Test func fullBucketsAreForgottenAndTheirNumberIsBounded() {
        let clock = FakeClock()
        let limiter = RateLimiter(RateLimit(perSecond: 1, burst: 1), maxSubjects: 2000, now: { clock.now })
        for number in 0..<10_000 {
            if number % 500 == 0 { clock.advance(.seconds(2)) }
            #expect(limiter.take("\(number)").isAllowed)
            #expect(limiter.subjects <= 1024)
        }
        // All at one instant: nothing can be forgotten, so that those who come last share what is left.
        clock.advance(.seconds(2))
        let allowed = (0..<10_000).filter { limiter.take("x\($0)").isAllowed }
        #expect(allowed.count == 2001 && limiter.subjects == 2000)
        #expect(!limiter.take("x0").isAllowed)
        clock.advance(.seconds(1))
        #expect(limiter.take("new").isAllowed && limiter.subjects == 1)
    }
}
