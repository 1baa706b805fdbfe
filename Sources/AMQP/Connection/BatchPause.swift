/// A short rest after a batch that was far from full: what comes meanwhile gathers, so that one wake-up of thread, broker and whoever works on
/// the messages serves several of them.
///
/// A lone message is not delayed, only one that follows closely upon another; and batches that fill are not followed by a rest.
struct BatchPause {
    /// How long a rest lasts; zero: none.
    let duration: Duration
    /// A batch of at least so many needs no rest.
    let enoughMessages: Int
    private var until: ContinuousClock.Instant?

    init(duration: Duration, enoughMessages: Int) {
        self.duration = duration
        self.enoughMessages = enoughMessages
    }

    /// A batch begins its way.
    mutating func batchLeft(messages: Int, now: ContinuousClock.Instant) {
        self.until = messages > 0 && messages < self.enoughMessages ? now + self.duration : nil
    }

    /// When the present rest ends; nil if there is none, or if enough waits already.
    func end(now: ContinuousClock.Instant, waiting: Int) -> ContinuousClock.Instant? {
        guard let until, now < until, waiting < self.enoughMessages else { return nil }
        return until
    }
}
