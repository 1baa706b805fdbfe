/// The requests to the broker that are still to be sent, and the one that is out.
///
/// One at a time, each with a deadline; none is sent while the broker blocks the connection, because it would be answered only after the
/// alarm, and a deadline that was running is given again in full when the block ends.
struct RequestQueue {
    typealias Instant = ContinuousClock.Instant

    private var waiting = Fifo<BrokerMethod>()
    private var out: (method: BrokerMethod, deadline: Instant)?
    private let timeout: Duration

    init(timeout: Duration) { self.timeout = timeout }

    /// Nothing waits and nothing is out.
    var isIdle: Bool { self.out == nil && self.waiting.isEmpty }

    /// When the request that is out has failed.
    var deadline: Instant? { self.out?.deadline }

    mutating func append(_ methods: [BrokerMethod]) {
        for method in methods { self.waiting.append(method) }
    }

    /// The request to send now, if there is one and none is out.
    mutating func next(now: Instant, blocked: Bool) -> BrokerMethod? {
        guard !blocked, self.out == nil, let method = self.waiting.popFirst() else { return nil }
        self.out = (method, now + self.timeout)
        return method
    }

    /// An answer came: the request that it belongs to, or nil if no such request is out.
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

    /// The channel is gone, and with it every request on it.
    mutating func removeAll() {
        self.out = nil
        self.waiting.removeAll()
    }
}
