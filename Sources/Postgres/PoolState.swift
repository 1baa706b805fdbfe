/// The bookkeeping of a pool: lent and idle connections, waiting callers, and when to open another connection. It does no I/O.
///
/// Transitions change the state and return what they decide; ``demand(now:)`` says afterwards what the pool has to do in the background.
struct PoolState<Connection: Sendable, Continuation: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    struct Waiter: Sendable {
        let id: UInt64
        let deadline: Instant
        let continuation: Continuation
    }

    enum LeaseAction {
        case use(Connection)
        case wait
        case fail(PostgresError)
    }

    enum FreeAction {
        case hand(Connection, to: Waiter)
        case keep
        case close(Connection)
    }

    /// Waiters that nothing can serve.
    struct Failed {
        var waiters: [Waiter] = []
        var error: PostgresError?
    }

    /// What the pool has to do in the background.
    struct Demand: Sendable, Equatable {
        /// How many connections to open.
        var attempts: Int
        /// When to call ``timerFired(_:now:)``, instead of at the moment named before; nil leaves that one.
        var timer: Instant?
    }

    /// How many connections are open.
    var connections: Int { self.idle.count + self.leased }

    /// The error of waiters whose deadline has passed: the cause is the load only if others have connections.
    var expired: PostgresError {
        self.leased > 0
            ? PostgresError(.poolExhausted, detail: "no connection became free in time")
            : PostgresError(.connectFailed, detail: "no connection could be made in time")
    }

    let connectionsMax: Int
    let waitersMax: Int
    /// After a failed attempt no other is made for this long; callers in between get its error at once.
    let reconnectPause: Duration

    /// The connection that was used last is lent first, so that surplus ones stay idle.
    private var idle: [Connection] = []
    private(set) var leased = 0
    private var connecting = 0
    /// In the order of their deadlines.
    private var waiters: [Waiter] = []
    private var lastFailure: (error: PostgresError, retryAt: Instant)?
    /// The moment for which the pool's timer is set.
    private var timer: Instant?
    private var isShutDown = false

    init(connectionsMax: Int, waitersMax: Int, reconnectPause: Duration) {
        self.connectionsMax = connectionsMax
        self.waitersMax = waitersMax
        self.reconnectPause = reconnectPause
    }

    /// A caller asks for a connection. Follow with ``demand(now:)``.
    mutating func lease(id: UInt64, now: Instant, deadline: Instant, continuation: Continuation) -> LeaseAction {
        if self.isShutDown { return .fail(PostgresError(.shutDown, detail: "the pool is shut down")) }
        if let connection = self.idle.popLast() {
            self.leased += 1
            return .use(connection)
        }
        if !self.mayOpen(now: now), self.leased + self.connecting == 0, let failure = self.lastFailure { return .fail(failure.error) }
        guard self.waiters.count < self.waitersMax else {
            return .fail(PostgresError(.poolExhausted, detail: "\(self.waitersMax) callers wait for a connection already"))
        }
        // Nearly always last: only a caller that got a dead connection before has an earlier deadline than the waiters.
        let position = self.waiters.lastIndex { $0.deadline <= deadline }.map { $0 + 1 } ?? 0
        self.waiters.insert(Waiter(id: id, deadline: deadline, continuation: continuation), at: position)
        return .wait
    }

    /// An attempt made a connection. Follow with ``demand(now:)``.
    mutating func connected(_ connection: Connection) -> FreeAction {
        self.connecting -= 1
        self.lastFailure = nil
        return self.free(connection)
    }

    /// An attempt failed. Follow with ``demand(now:)``.
    mutating func connectFailed(_ error: PostgresError, now: Instant) -> Failed {
        self.connecting -= 1
        self.lastFailure = (error, now + self.reconnectPause)
        return self.failUnserved(error)
    }

    /// A lent connection is returned.
    mutating func released(_ connection: Connection) -> FreeAction {
        self.leased -= 1
        return self.free(connection)
    }

    /// A lent connection is closed. Follow with ``demand(now:)``.
    mutating func lost(now: Instant) -> Failed {
        self.leased -= 1
        guard !self.mayOpen(now: now), let failure = self.lastFailure else { return Failed() }
        return self.failUnserved(failure.error)
    }

    /// A waiting caller was cancelled.
    mutating func cancel(_ id: UInt64) -> Waiter? {
        guard let index = self.waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return self.waiters.remove(at: index)
    }

    /// The moment that ``demand(now:)`` named has passed. Follow with ``demand(now:)``.
    /// - Returns: the waiters whose deadline has passed.
    mutating func timerFired(_ moment: Instant, now: Instant) -> [Waiter] {
        // It may have been set to an earlier moment since.
        if self.timer == moment { self.timer = nil }
        let expired = self.waiters.prefix { $0.deadline <= now }
        self.waiters.removeFirst(expired.count)
        return Array(expired)
    }

    /// What to do for the waiters. It counts as done from now on.
    mutating func demand(now: Instant) -> Demand {
        var attempts = 0
        while self.waiters.count > self.connecting, self.mayOpen(now: now) {
            self.connecting += 1
            attempts += 1
        }
        return Demand(attempts: attempts, timer: self.timerToSet())
    }

    /// Removes the idle connections: the server did not answer on another.
    mutating func dropIdle() -> [Connection] {
        defer { self.idle.removeAll() }
        return self.idle
    }

    /// Nothing is lent from now on, and lent connections are closed when they are returned.
    mutating func shutDown() -> (waiters: [Waiter], idle: [Connection]) {
        self.isShutDown = true
        defer {
            self.waiters.removeAll()
            self.idle.removeAll()
        }
        return (self.waiters, self.idle)
    }

    /// Whether the pool is shut down and no connection is lent.
    var isDrained: Bool { self.isShutDown && self.leased == 0 }

    private var hasRoom: Bool { self.idle.count + self.leased + self.connecting < self.connectionsMax && !self.isShutDown }

    private func mayOpen(now: Instant) -> Bool {
        self.hasRoom && self.lastFailure.map { $0.retryAt <= now } ?? true
    }

    /// The next moment at which something is due, if that is earlier than what the timer is set to.
    private mutating func timerToSet() -> Instant? {
        guard var due = self.waiters.first?.deadline else { return nil }
        // Another attempt is due at the end of the pause after a failed one, even if no new caller asks for it.
        if self.waiters.count > self.connecting, self.hasRoom, let failure = self.lastFailure { due = min(due, failure.retryAt) }
        if let timer, timer <= due { return nil }
        self.timer = due
        return due
    }

    /// Returned connections go to the waiters; if none is lent or being opened, the waiters fail.
    private mutating func failUnserved(_ error: PostgresError) -> Failed {
        guard self.leased + self.connecting == 0 else { return Failed() }
        defer { self.waiters.removeAll() }
        return Failed(waiters: self.waiters, error: error)
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

extension PostgresClient {
    /// The pool's limits.
    public struct Limits: Sendable {
        /// How many connections may be open.
        public var connectionsMax = 8
        /// How many callers may wait for one.
        public var waitersMax = 1024
        /// How long a caller waits for one.
        public var waitMax: Duration = .seconds(1)
        /// How long a caller of ``PostgresClient/query(_:until:)`` waits in all; nil: for the two limits of connection and answer.
        public var queryMax: Duration?
        /// How long the pool makes no attempt after a failed one.
        public var reconnectPause: Duration = .milliseconds(200)
        /// How long shutting down waits for lent connections.
        public var shutdownMax: Duration = .seconds(5)

        /// The defaults.
        public init() {}
    }
}
