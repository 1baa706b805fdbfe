/// The life of a session, without I/O: it runs once, connects to its endpoints in turn, drains, and ends.
struct SessionLifecycle {
    typealias Instant = ContinuousClock.Instant

    private enum Phase {
        case new
        case running
        /// Begins nothing more; waits until then for what is unfinished.
        case draining(until: Instant)
        case finished
    }

    private var phase = Phase.new
    private var hasRun = false
    private let endpoints: [AMQPEndpoint]
    private let drainTimeout: Duration
    private var backoff: Backoff
    private var attempts = 0

    init(_ configuration: AMQPConfiguration, drainTimeout: Duration) {
        self.endpoints = configuration.endpoints
        self.drainTimeout = drainTimeout
        self.backoff = Backoff(shortest: configuration.reconnectDelayMin, longest: configuration.reconnectDelayMax)
    }

    var isRunning: Bool {
        if case .running = self.phase { true } else { false }
    }

    /// Whether users may still begin something: before ``start()``, too.
    var acceptsWork: Bool {
        switch self.phase {
        case .new, .running: true
        case .draining, .finished: false
        }
    }

    /// Until when the session drains; nil if it does not.
    var drainEnd: Instant? {
        if case .draining(let end) = self.phase { end } else { nil }
    }

    /// Begins running.
    /// - Returns: false if it was stopped before it began.
    /// - Throws: ``AMQPError/Kind/alreadyRunning`` on a second call.
    mutating func start() throws(AMQPError) -> Bool {
        guard !self.hasRun else { throw AMQPError(.alreadyRunning) }
        self.hasRun = true
        guard case .new = self.phase else { return false }
        self.phase = .running
        return true
    }

    /// Begins the graceful end.
    /// - Returns: false if it had begun before.
    mutating func stop(now: Instant) -> Bool {
        switch self.phase {
        case .new: self.phase = .finished
        case .running: self.phase = .draining(until: now + self.drainTimeout)
        case .draining, .finished: return false
        }
        return true
    }

    mutating func finish() { self.phase = .finished }

    /// The endpoint to connect to next.
    mutating func nextEndpoint() -> AMQPEndpoint {
        defer { self.attempts += 1 }
        return self.endpoints[self.attempts % self.endpoints.count]
    }

    /// A connection ended, or could not be made.
    /// - Parameters:
    ///   - time: how long the attempt lasted.
    ///   - random: 0 ..< 1.
    /// - Returns: the pause before the next attempt; zero until every endpoint had its turn.
    mutating func attemptEnded(after time: Duration, random: Double) -> Duration {
        self.backoff.lasted(time)
        return self.attempts % self.endpoints.count == 0 ? self.backoff.next(random: random) : .zero
    }
}

/// The pauses between attempts: they double up to a limit, each shortened at random by up to a half, so that many clients do not return at
/// the same time.
struct Backoff {
    private let shortest: Duration
    private let longest: Duration
    private var current: Duration

    init(shortest: Duration, longest: Duration) {
        self.shortest = shortest
        self.longest = max(shortest, longest)
        self.current = shortest
    }

    /// The pause before the next attempt.
    /// - Parameter random: 0 ..< 1.
    mutating func next(random: Double) -> Duration {
        defer { self.current = min(self.current * 2, self.longest) }
        return self.current * (1 - random / 2)
    }

    /// An attempt ended. If it lasted as long as the longest pause, pauses start small again. A shorter one does not count as a success: a
    /// broker that accepts and closes would be asked without pause.
    mutating func lasted(_ time: Duration) {
        if time >= self.longest { self.current = self.shortest }
    }
}
