import DequeModule

/// The requests to the broker: those still to be sent, and the one that waits for its answer.
///
/// One request is out at a time, with a deadline. While the broker blocks the connection nothing is sent, because the answer would arrive
/// only after the alarm; a running deadline starts over when the block ends.
struct RequestQueue {
    typealias Instant = ContinuousClock.Instant

    private var waiting = Deque<BrokerMethod>()
    private var out: (method: BrokerMethod, deadline: Instant)?
    private let timeout: Duration

    init(timeout: Duration) { self.timeout = timeout }

    /// When the request that is out fails.
    var deadline: Instant? { self.out?.deadline }

    mutating func append(_ methods: [BrokerMethod]) { self.waiting.append(contentsOf: methods) }

    /// The request to send now; nil if none waits or one is out.
    mutating func next(now: Instant, blocked: Bool) -> BrokerMethod? {
        guard !blocked, self.out == nil, let method = self.waiting.popFirst() else { return nil }
        self.out = (method, now + self.timeout)
        return method
    }

    /// The broker answered.
    /// - Returns: the request that the answer belongs to; nil if no such request is out.
    mutating func answered(_ reply: Int) -> BrokerMethod? {
        guard let method = self.out?.method, method.reply == reply else { return nil }
        self.out = nil
        return method
    }

    /// The request that was not answered in time.
    func expired(now: Instant, blocked: Bool) -> BrokerMethod? {
        guard !blocked, let out, out.deadline <= now else { return nil }
        return out.method
    }

    mutating func unblocked(now: Instant) {
        guard let out else { return }
        self.out = (out.method, now + self.timeout)
    }

    /// The channel closed, and with it every request on it.
    mutating func removeAll() {
        self.out = nil
        self.waiting.removeAll()
    }
}
