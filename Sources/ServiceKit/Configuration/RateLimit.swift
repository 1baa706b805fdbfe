/// How many requests one subject may make: `burst` at once, `perSecond` in the long run.
package struct RateLimit: Sendable, Equatable {
    package let perSecond: Int
    package let burst: Int

    package init(perSecond: Int, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// In which one request is given back.
    var interval: Duration { .seconds(1) / self.perSecond }
    /// In which an empty bucket fills, in whole seconds, rounded up.
    var windowS: Int { (self.burst + self.perSecond - 1) / self.perSecond }
}
