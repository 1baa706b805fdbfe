/// A short rest after a batch that was far from full. What arrives meanwhile gathers, so that one wake-up of the thread, the broker and the
/// user serves several messages.
///
/// A lone message is not delayed, only one that closely follows another. A full batch is not followed by a rest. The more a small batch held,
/// the longer the rest: a trickle is passed on quickly, a stream in few batches.
struct BatchPause {
    /// Messages in a batch up to which the shortest rest follows; beyond, the rest grows in proportion.
    private static let messagesOfShortest = 4

    /// The shortest and longest rest; zero: none.
    let rest: ClosedRange<Duration>
    /// A batch of at least so many messages needs no rest.
    let enoughMessages: Int
    private var until: ContinuousClock.Instant?

    init(rest: ClosedRange<Duration>, enoughMessages: Int) {
        self.rest = rest
        self.enoughMessages = enoughMessages
    }

    /// A batch was handed on.
    mutating func batchLeft(messages: Int, now: ContinuousClock.Instant) {
        self.until = messages > 0 && messages < self.enoughMessages ? now + self.rest(after: messages) : nil
    }

    private func rest(after messages: Int) -> Duration {
        let grown = self.rest.lowerBound * messages / Self.messagesOfShortest
        return min(max(grown, self.rest.lowerBound), self.rest.upperBound)
    }

    /// When the present rest ends; nil if there is none, or if enough messages wait.
    func end(now: ContinuousClock.Instant, waiting: Int) -> ContinuousClock.Instant? {
        guard let until, now < until, waiting < self.enoughMessages else { return nil }
        return until
    }
}
