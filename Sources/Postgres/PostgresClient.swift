public import Logging
import NIOConcurrencyHelpers
public import ServiceLifecycle

/// A pool of connections to one database.
///
/// Connections are opened on demand, lent to one caller at a time and kept. Waiting for one is bounded in time and in number. While the
/// database is away callers get its error at once, and the pool recovers when it answers again.
public final class PostgresClient: Service, Sendable {
    private typealias Lease = CheckedContinuation<Result<PostgresConnection, PostgresError>, Never>
    private typealias Pool = PoolState<PostgresConnection, Lease>
    private typealias Instant = ContinuousClock.Instant

    private struct State: Sendable {
        var pool: Pool
        var nextWaiter: UInt64 = 0
        var cancelledEarly: Set<UInt64> = []
        var database = DatabaseCondition()
        /// The server has become read-only, and no other was found since.
        var hasLostServer = false
        /// Connections that were begun earlier are not lent again.
        var renewedAt: Instant?

        func isOutdated(_ connection: PostgresConnection) -> Bool { self.renewedAt.map { connection.begunAt < $0 } ?? false }
    }

    private let configuration: PostgresConfiguration
    let limits: Limits
    private let logger: Logger
    private let onLease: (@Sendable (Duration) -> Void)?
    private let onUseChange: (@Sendable (Int) -> Void)?
    private let onExhausted: (@Sendable () -> Void)?
    private let onServerChange: (@Sendable () -> Void)?
    private let state: NIOLockedValueBox<State>
    private let attempts: AsyncStream<Void>
    private let requestAttempt: AsyncStream<Void>.Continuation
    private let timers: AsyncStream<Instant>
    private let setTimer: AsyncStream<Instant>.Continuation
    /// Ends when the pool is shut down and nothing is lent any more.
    private let drain: AsyncStream<Void>
    private let finishDrain: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - logger: logs when the database becomes unreachable and reachable.
    ///   - onLease: called with how long each caller waited for its connection.
    ///   - onUseChange: called with how many connections are lent, at each change.
    ///   - onExhausted: called for each caller that gets no connection, because none became free in time or too many wait already.
    ///   - onServerChange: called when the server had become read-only and one that this pool accepts was found.
    public init(
        configuration: PostgresConfiguration,
        limits: Limits = Limits(),
        logger: Logger,
        onLease: (@Sendable (Duration) -> Void)? = nil,
        onUseChange: (@Sendable (Int) -> Void)? = nil,
        onExhausted: (@Sendable () -> Void)? = nil,
        onServerChange: (@Sendable () -> Void)? = nil
    ) {
        self.configuration = configuration
        self.limits = limits
        self.logger = logger
        self.onLease = onLease
        self.onUseChange = onUseChange
        self.onExhausted = onExhausted
        self.onServerChange = onServerChange
        self.state = NIOLockedValueBox(
            State(
                pool: PoolState(
                    connectionsMax: limits.connectionsMax,
                    waitersMax: limits.waitersMax,
                    reconnectPause: limits.reconnectPause
                )
            )
        )
        // The pool counts attempts, so the stream never holds more than that.
        (self.attempts, self.requestAttempt) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingOldest(limits.connectionsMax))
        // Each new timer is earlier than the last, so keeping only the newest is enough.
        (self.timers, self.setTimer) = AsyncStream.makeStream(of: Instant.self, bufferingPolicy: .bufferingNewest(1))
        (self.drain, self.finishDrain) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// How many connections are lent.
    public var inUse: Int { self.state.withLockedValue { $0.pool.leased } }

    /// How many connections are open.
    var connections: Int { self.state.withLockedValue { $0.pool.connections } }

    /// Opens connections on demand until graceful shutdown, then closes them. Leases wait until it runs.
    public func run() async {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.runTimers() }
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

    /// Lends a connection for the time of the closure. The connection is lent again only if it still works and is outside a transaction;
    /// else it is closed.
    /// - Throws: what the closure throws; ``PostgresError`` if no connection could be had, in which case the closure has not run.
    public func withConnection<Value: Sendable>(
        _ body: (PostgresConnection) async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        try await self.lend { connection throws(PostgresError) in
            guard await connection.isUsable() else { return nil }
            let value = try await body(connection)
            return (value, await connection.reuse())
        }
    }

    /// Runs one statement on a connection of the pool, in its own transaction.
    /// - Parameter until: when the caller stops waiting, for a connection and for the answer, if that is before the limits of both; nil:
    ///   after ``Limits/queryMax``.
    @discardableResult
    public func query(_ query: PostgresQuery, until: ContinuousClock.Instant? = nil) async throws(PostgresError) -> PostgresRows {
        let until = until ?? self.limits.queryMax.map { .now + $0 }
        // One call of the connection for all: each one wakes its thread, a good part of the cost of a short statement.
        do throws(PostgresError) {
            let rows = try await self.lend(until: until) { connection throws(PostgresError) in
                try await connection.queryIfUsable(query, until: until)
            }
            self.note { $0.accepted(query.sql) }
            return rows
        } catch {
            if error.isRefusal { self.note { $0.refused(query.sql, error) } }
            throw error
        }
    }

    /// Closes every connection, lent ones when they are returned and new ones when they are open, so that the next callers reach the server
    /// that the address leads to now.
    public func renewConnections() {
        // Without a reference a connection is closed by its deinit.
        _ = self.state.withLockedValue { state in
            state.renewedAt = .now
            return state.pool.dropIdle()
        }
    }

    // MARK: - Leases

    /// - Parameter body: returns nil if the connection died while it was idle: another is tried then.
    private func lend<Value: Sendable>(
        until: Instant? = nil,
        _ body: (PostgresConnection) async throws(PostgresError) -> (value: Value, reuse: PostgresConnection.Reuse)?
    ) async throws(PostgresError) -> Value {
        let start = ContinuousClock.now
        let latest = start + self.limits.waitMax
        let deadline = until.map { min($0, latest) } ?? latest
        while true {
            let next = await self.nextConnection(deadline: deadline)
            if case .failure(let error) = next, error.code == .poolExhausted { self.onExhausted?() }
            let connection = try next.get()
            let waited = ContinuousClock.now - start
            self.onUseChange?(self.inUse)
            do {
                guard let (value, reuse) = try await body(connection) else {
                    // The next one may have died too; each is removed from the pool.
                    self.discard()
                    continue
                }
                self.onLease?(waited)
                await self.takeBack(connection, reuse)
                return value
            } catch {
                self.onLease?(waited)
                await self.takeBack(connection, await connection.reuse())
                // A server that hangs answers on no connection, and one that has become read-only refuses writes on all: without idle ones
                // the next caller's connect fails at once, or finds the new primary.
                if error.code == .timedOut || error.isReadOnlyServer {
                    let idle = self.state.withLockedValue { state in
                        state.hasLostServer = state.hasLostServer || error.isReadOnlyServer
                        return state.pool.dropIdle()
                    }
                    for connection in idle { await connection.close() }
                }
                throw error
            }
        }
    }

    private func nextConnection(deadline: Instant) async -> Result<PostgresConnection, PostgresError> {
        let id = self.state.withLockedValue { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        defer { self.state.withLockedValue { _ = $0.cancelledEarly.remove(id) } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (action, demand) = self.state.withLockedValue { state -> (Pool.LeaseAction, Pool.Demand) in
                    let now = Instant.now
                    let action =
                        state.cancelledEarly.contains(id)
                        ? .fail(Self.cancelled) : state.pool.lease(id: id, now: now, deadline: deadline, continuation: continuation)
                    return (action, state.pool.demand(now: now))
                }
                switch action {
                case .use(let connection): continuation.resume(returning: .success(connection))
                case .fail(let error): continuation.resume(returning: .failure(error))
                case .wait: break
                }
                self.meet(demand)
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

    private func takeBack(_ connection: PostgresConnection, _ reuse: PostgresConnection.Reuse) async {
        switch reuse {
        case .possible:
            let action = self.state.withLockedValue { $0.isOutdated(connection) ? nil : $0.pool.released(connection) }
            guard let action else { return self.discard() }
            self.perform(action)
            self.noteReturn()
        case .insideTransaction:
            self.logger.warning("connection returned inside a transaction and closed")
            await connection.close()
            self.discard()
        case .closed: self.discard()
        }
    }

    private func discard() {
        let (failed, demand) = self.state.withLockedValue { ($0.pool.lost(now: .now), $0.pool.demand(now: .now)) }
        self.fail(failed)
        self.meet(demand)
        self.noteReturn()
    }

    private func noteReturn() {
        let (inUse, isDrained) = self.state.withLockedValue { ($0.pool.leased, $0.pool.isDrained) }
        self.onUseChange?(inUse)
        if isDrained { self.finishDrain.finish() }
    }

    private func perform(_ action: Pool.FreeAction) {
        switch action {
        case .hand(let connection, let waiter): waiter.continuation.resume(returning: .success(connection))
        // Without a reference a connection is closed by its deinit.
        case .keep, .close: break
        }
    }

    private func fail(_ failed: Pool.Failed) {
        guard let error = failed.error else { return }
        for waiter in failed.waiters { waiter.continuation.resume(returning: .failure(error)) }
    }

    private func meet(_ demand: Pool.Demand) {
        for _ in 0..<demand.attempts { self.requestAttempt.yield() }
        if let moment = demand.timer { self.setTimer.yield(moment) }
    }

    // MARK: - In the background

    private func attemptConnection() async {
        do throws(PostgresError) {
            let connection = try await PostgresConnection.connect(self.configuration)
            self.note { $0.connected() }
            let isOther = self.state.withLockedValue { state in
                defer { state.hasLostServer = false }
                return state.hasLostServer
            }
            if isOther { self.onServerChange?() }
            let next = self.state.withLockedValue { state -> (action: Pool.FreeAction, demand: Pool.Demand)? in
                state.isOutdated(connection) ? nil : (state.pool.connected(connection), state.pool.demand(now: .now))
            }
            guard let next else {
                // Without a reference a connection is closed by its deinit.
                self.requestAttempt.yield()
                return
            }
            self.perform(next.action)
            self.meet(next.demand)
        } catch {
            if error.code != .cancelled { self.note { $0.connectFailed(error) } }
            let (failed, demand) = self.state.withLockedValue { state in
                state.hasLostServer = state.hasLostServer || error.isReadOnlyServer
                return (state.pool.connectFailed(error, now: .now), state.pool.demand(now: .now))
            }
            self.fail(failed)
            self.meet(demand)
        }
    }

    private func note(_ event: (inout DatabaseCondition) -> DatabaseCondition.Change?) {
        self.state.withLockedValue { event(&$0.database) }?.log(to: self.logger)
    }

    /// Sleeps until the next moment at which something is due. The state names a moment only if it is earlier than the one before it, so of
    /// several timers all but the first find nothing to do.
    private func runTimers() async {
        await withDiscardingTaskGroup { group in
            for await moment in self.timers {
                group.addTask {
                    guard (try? await Task.sleep(until: moment, clock: .continuous)) != nil else { return }
                    let (expired, error, demand) = self.state.withLockedValue {
                        ($0.pool.timerFired(moment, now: .now), $0.pool.expired, $0.pool.demand(now: .now))
                    }
                    for waiter in expired { waiter.continuation.resume(returning: .failure(error)) }
                    self.meet(demand)
                }
            }
        }
    }

    private func closeAll() async {
        let (waiters, idle) = self.state.withLockedValue { $0.pool.shutDown() }
        for waiter in waiters {
            waiter.continuation.resume(returning: .failure(PostgresError(.shutDown, detail: "the pool is shut down")))
        }
        for connection in idle { await connection.close() }
        self.noteReturn()
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Cancelled once the pool is drained.
                try? await Task.sleep(for: self.limits.shutdownMax)
                self.finishDrain.finish()
            }
            for await _ in self.drain {}
            group.cancelAll()
        }
    }
}
