/// The bookkeeping of a pool: who holds a connection, who waits for one, when to open another. It does no I/O; each transition says what the
/// pool must do next.
struct PoolState<Connection: Sendable, Continuation: Sendable>: Sendable {
    struct Waiter: Sendable {
        let id: UInt64
        let deadline: ContinuousClock.Instant
        let continuation: Continuation
    }

    enum LeaseAction {
        case use(Connection)
        case wait(openAnother: Bool)
        case fail(PostgresError)
    }

    enum FreeAction {
        case hand(Connection, to: Waiter)
        case keep
        case close(Connection)
    }

    enum LossAction {
        case nothing
        case openAnother
        case fail([Waiter], PostgresError)
    }

    let connectionsMax: Int
    let waitersMax: Int
    /// After a failed attempt no other is made for this long; callers in between get its error at once.
    let reconnectPause: Duration

    /// Used last, lent first: what is not needed stays cold.
    private var idle: [Connection] = []
    private(set) var leased = 0
    private var connecting = 0
    private var waiters: [Waiter] = []
    private var lastFailure: (error: PostgresError, retryAt: ContinuousClock.Instant)?
    private var isShutDown = false

    init(connectionsMax: Int, waitersMax: Int, reconnectPause: Duration) {
        self.connectionsMax = connectionsMax
        self.waitersMax = waitersMax
        self.reconnectPause = reconnectPause
    }

    /// A caller wants a connection.
    mutating func lease(
        id: UInt64,
        now: ContinuousClock.Instant,
        deadline: ContinuousClock.Instant,
        continuation: Continuation
    ) -> LeaseAction {
        if self.isShutDown { return .fail(PostgresError(.shutDown, detail: "the pool is shut down")) }
        if let connection = self.idle.popLast() {
            self.leased += 1
            return .use(connection)
        }
        let mayOpen = self.mayOpen(now: now)
        if !mayOpen, self.leased + self.connecting == 0, let failure = self.lastFailure { return .fail(failure.error) }
        guard self.waiters.count < self.waitersMax else {
            return .fail(PostgresError(.poolExhausted, detail: "\(self.waitersMax) callers wait for a connection already"))
        }
        self.waiters.append(Waiter(id: id, deadline: deadline, continuation: continuation))
        // An attempt under way already serves one of those who wait.
        let openAnother = mayOpen && self.connecting < self.waiters.count
        if openAnother { self.connecting += 1 }
        return .wait(openAnother: openAnother)
    }

    /// An attempt gave a connection.
    mutating func connected(_ connection: Connection) -> FreeAction {
        self.connecting -= 1
        self.lastFailure = nil
        return self.free(connection)
    }

    /// An attempt failed.
    mutating func connectFailed(_ error: PostgresError, now: ContinuousClock.Instant) -> LossAction {
        self.connecting -= 1
        self.lastFailure = (error, now + self.reconnectPause)
        // Those who hold a connection will give it back; without any there is nothing to wait for.
        guard self.leased + self.connecting == 0, !self.waiters.isEmpty else { return .nothing }
        defer { self.waiters.removeAll() }
        return .fail(self.waiters, error)
    }

    /// A lent connection comes back.
    mutating func released(_ connection: Connection) -> FreeAction {
        self.leased -= 1
        return self.free(connection)
    }

    /// A lent connection was found broken.
    mutating func lost(now: ContinuousClock.Instant) -> LossAction {
        self.leased -= 1
        guard self.waiters.count > self.connecting else { return .nothing }
        if self.mayOpen(now: now) {
            self.connecting += 1
            return .openAnother
        }
        guard self.leased + self.connecting == 0, let failure = self.lastFailure else { return .nothing }
        defer { self.waiters.removeAll() }
        return .fail(self.waiters, failure.error)
    }

    /// A waiting caller was cancelled.
    mutating func cancel(_ id: UInt64) -> Waiter? {
        guard let index = self.waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return self.waiters.remove(at: index)
    }

    /// Takes out those whose deadline has passed.
    mutating func expire(now: ContinuousClock.Instant) -> [Waiter] {
        guard self.waiters.contains(where: { $0.deadline <= now }) else { return [] }
        let expired = self.waiters.filter { $0.deadline <= now }
        self.waiters.removeAll { $0.deadline <= now }
        return expired
    }

    /// Who waits although another connection may be opened: after a failed attempt nobody else may come to ask for it.
    /// - Returns: whether to open one.
    mutating func wantsAnother(now: ContinuousClock.Instant) -> Bool {
        guard self.waiters.count > self.connecting, self.mayOpen(now: now) else { return false }
        self.connecting += 1
        return true
    }

    /// Takes the idle connections out: the server did not answer on another.
    mutating func dropIdle() -> [Connection] {
        defer { self.idle.removeAll() }
        return self.idle
    }

    /// Nothing is lent any more; what is out is closed when it comes back.
    mutating func shutDown() -> (waiters: [Waiter], idle: [Connection]) {
        self.isShutDown = true
        defer {
            self.waiters.removeAll()
            self.idle.removeAll()
        }
        return (self.waiters, self.idle)
    }

    private func mayOpen(now: ContinuousClock.Instant) -> Bool {
        guard self.idle.count + self.leased + self.connecting < self.connectionsMax, !self.isShutDown else { return false }
        return self.lastFailure.map { $0.retryAt <= now } ?? true
    }

    private mutating func free(_ connection: Connection) -> FreeAction {
        if self.isShutDown { return .close(connection) }
        if self.waiters.isEmpty {
            self.idle.append(connection)
            return .keep
        }
        self.leased += 1
        return .hand(connection, to: self.waiters.removeFirst())
    }
}
