public import Logging
import NIOConcurrencyHelpers
public import ServiceLifecycle

/// A pool of connections to one database.
///
/// Connections are opened when they are asked for, lent to one caller at a time and kept. Waiting for one is bounded in time and in number.
/// While the database is away callers get its error at once, and the pool recovers by itself when it answers again.
public final class PostgresClient: Service, Sendable {
    /// The pool's limits.
    public struct Limits: Sendable {
        /// How many connections may be open.
        public var connectionsMax = 8
        /// How many callers may wait for one.
        public var waitersMax = 1024
        /// How long a caller waits for one.
        public var waitMax: Duration = .seconds(1)
        /// How long the pool leaves the server alone after a failed attempt.
        public var reconnectPause: Duration = .milliseconds(200)
        /// How long shutting down waits for connections that are still lent.
        public var shutdownMax: Duration = .seconds(5)

        /// The defaults.
        public init() {}
    }

    private typealias Lease = CheckedContinuation<Result<PostgresConnection, PostgresError>, Never>

    private struct State: Sendable {
        var pool: PoolState<PostgresConnection, Lease>
        var nextWaiter: UInt64 = 0
        var cancelledEarly: Set<UInt64> = []
        var wasReachable: Bool?
    }

    private let configuration: PostgresConfiguration
    private let limits: Limits
    private let logger: Logger
    private let onLease: (@Sendable (Duration) -> Void)?
    private let onUseChange: (@Sendable (Int) -> Void)?
    private let onExhausted: (@Sendable () -> Void)?
    private let state: NIOLockedValueBox<State>
    private let attempts: AsyncStream<Void>
    private let requestAttempt: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - configuration: the database.
    ///   - limits: the pool's limits.
    ///   - logger: told when the database goes away and comes back.
    ///   - onLease: told how long each caller waited for its connection.
    ///   - onUseChange: told how many connections are lent whenever that changes.
    ///   - onExhausted: told of each caller that gets none, because none became free in time or too many wait already.
    public init(
        configuration: PostgresConfiguration,
        limits: Limits = Limits(),
        logger: Logger,
        onLease: (@Sendable (Duration) -> Void)? = nil,
        onUseChange: (@Sendable (Int) -> Void)? = nil,
        onExhausted: (@Sendable () -> Void)? = nil
    ) {
        self.configuration = configuration
        self.limits = limits
        self.logger = logger
        self.onLease = onLease
        self.onUseChange = onUseChange
        self.onExhausted = onExhausted
        self.state = NIOLockedValueBox(
            State(
                pool: PoolState(
                    connectionsMax: limits.connectionsMax,
                    waitersMax: limits.waitersMax,
                    reconnectPause: limits.reconnectPause
                )
            )
        )
        // The pool's own count bounds what is in the stream.
        (self.attempts, self.requestAttempt) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingOldest(limits.connectionsMax))
    }

    /// How many connections are lent.
    public var inUse: Int { self.state.withLockedValue { $0.pool.leased } }

    /// Opens connections when they are needed, until shutdown; then closes them. Leases wait for it to run.
    public func run() async {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.expireWaiters() }
                for await _ in self.attempts {
                    group.addTask { await self.attemptConnection() }
                }
                group.cancelAll()
            }
            await self.closeAll()
        } onGracefulShutdown: {
            self.requestAttempt.finish()
        }
    }

    /// Lends a connection for the time of the closure. A connection that the closure's error has ended is not lent again.
    /// - Throws: what the closure throws; ``PostgresError`` if no connection could be had, in which case the closure has not run.
    public func withConnection<Value: Sendable>(
        _ body: (PostgresConnection) async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        try await self.lend { connection throws(PostgresError) in
            await connection.isUsable() ? try await body(connection) : nil
        }
    }

    /// Runs one statement on a connection of the pool, in a transaction of its own.
    /// - Throws: ``PostgresError``.
    @discardableResult
    public func query(_ query: PostgresQuery) async throws(PostgresError) -> PostgresRows {
        // Looking at the connection apart from using it would wake its thread twice: a good part of what a short statement costs.
        try await self.lend { connection throws(PostgresError) in try await connection.queryIfUsable(query) }
    }

    // MARK: - Leases

    /// - Parameter body: returns nil if the connection died while it was idle: another is taken then.
    private func lend<Value: Sendable>(
        _ body: (PostgresConnection) async throws(PostgresError) -> Value?
    ) async throws(PostgresError) -> Value {
        let start = ContinuousClock.now
        while true {
            let next = await self.nextConnection(deadline: start + self.limits.waitMax)
            if case .failure(let error) = next, error.code == .poolExhausted { self.onExhausted?() }
            let connection = try next.get()
            let waited = ContinuousClock.now - start
            self.onUseChange?(self.inUse)
            do {
                guard let value = try await body(connection) else {
                    // The next one may have died too, each is taken out of the pool.
                    self.discard()
                    continue
                }
                self.onLease?(waited)
                self.release(connection)
                return value
            } catch {
                self.onLease?(waited)
                if await connection.isUsable() { self.release(connection) } else { self.discard() }
                // A server that stands still answers on no connection: the next caller meets that at once, by a connect that fails.
                if error.code == .timedOut {
                    for idle in self.state.withLockedValue({ $0.pool.dropIdle() }) { await idle.close() }
                }
                throw error
            }
        }
    }

    private func nextConnection(deadline: ContinuousClock.Instant) async -> Result<PostgresConnection, PostgresError> {
        let id = self.state.withLockedValue { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        defer { self.state.withLockedValue { _ = $0.cancelledEarly.remove(id) } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let action = self.state.withLockedValue { state in
                    if state.cancelledEarly.contains(id) {
                        return PoolState<PostgresConnection, Lease>.LeaseAction.fail(Self.cancelled)
                    }
                    return state.pool.lease(id: id, now: .now, deadline: deadline, continuation: continuation)
                }
                switch action {
                case .use(let connection): continuation.resume(returning: .success(connection))
                case .fail(let error): continuation.resume(returning: .failure(error))
                case .wait(let openAnother): if openAnother { self.requestAttempt.yield() }
                }
            }
        } onCancel: {
            let waiter = self.state.withLockedValue { state in
                let waiter = state.pool.cancel(id)
                if waiter == nil { state.cancelledEarly.insert(id) }
                return waiter
            }
            waiter?.continuation.resume(returning: .failure(Self.cancelled))
        }
    }

    private static let cancelled = PostgresError(.cancelled, detail: "while waiting for a connection")

    private func release(_ connection: PostgresConnection) {
        self.perform(self.state.withLockedValue { $0.pool.released(connection) })
        self.onUseChange?(self.inUse)
    }

    private func discard() {
        self.perform(self.state.withLockedValue { $0.pool.lost(now: .now) })
        self.onUseChange?(self.inUse)
    }

    private func perform(_ action: PoolState<PostgresConnection, Lease>.FreeAction) {
        switch action {
        case .hand(let connection, let waiter): waiter.continuation.resume(returning: .success(connection))
        // A connection that nobody holds is closed by its deinit.
        case .keep, .close: break
        }
    }

    private func perform(_ action: PoolState<PostgresConnection, Lease>.LossAction) {
        switch action {
        case .nothing: break
        case .openAnother: self.requestAttempt.yield()
        case .fail(let waiters, let error): for waiter in waiters { waiter.continuation.resume(returning: .failure(error)) }
        }
    }

    // MARK: - In the background

    private func attemptConnection() async {
        do throws(PostgresError) {
            let connection = try await PostgresConnection.connect(self.configuration)
            self.note(reachable: true, nil)
            self.perform(self.state.withLockedValue { $0.pool.connected(connection) })
        } catch {
            if error.code != .cancelled { self.note(reachable: false, error) }
            self.perform(self.state.withLockedValue { $0.pool.connectFailed(error, now: .now) })
        }
    }

    /// Logs changes only: an outage is one line, however many callers meet it.
    private func note(reachable: Bool, _ error: PostgresError?) {
        let before = self.state.withLockedValue { state in
            defer { state.wasReachable = reachable }
            return state.wasReachable
        }
        if let error, before != false {
            self.logger.warning("database unreachable", metadata: ["error": "\(error)"])
        } else if reachable, before == false {
            self.logger.info("database reachable again")
        }
    }

    /// Deadlines of callers are looked at this often; a wait may last this much longer.
    private static let expiryInterval: Duration = .milliseconds(50)

    private func expireWaiters() async {
        while (try? await Task.sleep(for: Self.expiryInterval)) != nil {
            let (expired, openAnother) = self.state.withLockedValue { ($0.pool.expire(now: .now), $0.pool.wantsAnother(now: .now)) }
            if openAnother { self.requestAttempt.yield() }
            for waiter in expired {
                waiter.continuation.resume(returning: .failure(PostgresError(.poolExhausted, detail: "no connection became free in time")))
            }
        }
    }

    private func closeAll() async {
        let (waiters, idle) = self.state.withLockedValue { $0.pool.shutDown() }
        for waiter in waiters {
            waiter.continuation.resume(returning: .failure(PostgresError(.shutDown, detail: "the pool is shut down")))
        }
        for connection in idle { await connection.close() }
        let deadline = ContinuousClock.now + self.limits.shutdownMax
        while self.inUse > 0, .now < deadline, (try? await Task.sleep(for: .milliseconds(10))) != nil {}
    }
}
