package import Logging

/// The session behind a lease.
package protocol LeaseSession: Sendable {
    /// Shows the server that this process is alive. Must not be called while a statement runs on the session.
    /// - Throws: if the session cannot do the work any more; then it has ended.
    func keepAlive() async throws

    /// Gives the lease back. May be called more than once.
    func release() async
}

/// The right of one instance to do some work alone, for as long as the session behind it lives.
package struct Lease<Access: Sendable>: Sendable {
    /// What the holder works with; it fails once the session has ended.
    package let access: Access
    let session: any LeaseSession

    package init(access: Access, session: any LeaseSession) {
        self.access = access
        self.session = session
    }

    /// Gives the lease back. May be called more than once.
    package func release() async {
        await self.session.release()
    }
}

/// Hands out a lease.
package protocol LeaseSource<Access>: Sendable {
    /// What the holder of the lease works with.
    associatedtype Access: Sendable

    /// The lease, or nil while another instance holds it.
    func acquire() async throws -> Lease<Access>?
}

/// The limits of a ``LeaseLoop``.
package struct LeaseLimits: Sendable {
    /// A session that is silent for this long belongs to a stopped process: the server ends it, and the lease is free.
    package static let silenceMax: Duration = .seconds(10)

    /// The pause after a failure, and while the work cannot go on or another instance has the lease.
    package var idleInterval: Duration = .seconds(1)
    /// The pause between getting the lease and the first turn.
    package var firstPause: Duration = .zero
    /// How often the session speaks while the holder waits for something other than the database; well below ``silenceMax``.
    package var keepAliveInterval: Duration = silenceMax / 3

    package init() {}
}

/// Does work that one instance does at a time: gets the lease, works in turns while the work can go on, and gives the lease back when it
/// cannot, when a turn fails, and at the end.
///
/// Waits are no danger to the lease, however long they are: pauses between turns keep the session alive, and so do waits inside a turn that
/// go through ``Turn/wait(for:)``.
package struct LeaseLoop<Access: Sendable>: Sendable {
    private let source: any LeaseSource<Access>
    private let isReady: @Sendable () -> Bool
    private let limits: LeaseLimits
    private let logger: Logger

    /// - Parameters:
    ///   - isReady: whether the work can go on. While it cannot, the lease is left to other instances.
    ///   - logger: logs failures at debug level.
    package init(
        source: any LeaseSource<Access>, isReady: @escaping @Sendable () -> Bool, limits: LeaseLimits = LeaseLimits(), logger: Logger
    ) {
        self.source = source
        self.isReady = isReady
        self.limits = limits
        self.logger = logger
    }

    /// One turn of the holder.
    package struct Turn: Sendable {
        fileprivate let loop: LeaseLoop
        fileprivate let lease: Lease<Access>

        /// What the holder works with.
        package var access: Access { self.lease.access }

        /// Whether the turn should go on: neither cancelled nor without what the work needs.
        package var goesOn: Bool { !Task.isCancelled && self.loop.isReady() }

        /// Waits for something other than the database, and keeps the session alive meanwhile. If the work cannot go on during the wait,
        /// the lease is given back at once.
        /// - Parameter body: must not use ``access``.
        package func wait<Value: Sendable>(for body: @escaping @Sendable () async -> Value) async -> Value {
            await self.loop.keepAlive(self.lease, during: body)
        }
    }

    /// Works until the task is cancelled.
    /// - Parameter turn: returns the pause until the next turn.
    package func run(_ turn: (Turn) async throws -> Duration) async {
        var lease: Lease<Access>?
        var pause: Duration
        repeat {
            pause = await self.takeTurn(&lease, turn)
        } while await self.sleep(for: pause, lease)
        await lease?.release()
    }

    /// - Returns: the pause until the next turn.
    private func takeTurn(_ lease: inout Lease<Access>?, _ turn: (Turn) async throws -> Duration) async -> Duration {
        do {
            if self.isReady() {
                if let held = lease {
                    // A turn may only read: on a server that became read-only it would find nothing to do, without an error.
                    try await held.session.keepAlive()
                    return try await turn(Turn(loop: self, lease: held))
                }
                lease = try await self.source.acquire()
                return lease == nil ? self.limits.idleInterval : self.limits.firstPause
            }
        } catch {
            self.logger.debug("lease given back", metadata: ["error": "\(error)"])
        }
        await lease?.release()
        lease = nil
        return self.limits.idleInterval
    }

    /// - Returns: false if the task was cancelled.
    private func sleep(for pause: Duration, _ lease: Lease<Access>?) async -> Bool {
        guard let lease, pause > self.limits.keepAliveInterval else { return (try? await Task.sleep(for: pause)) != nil }
        return await self.keepAlive(lease) { (try? await Task.sleep(for: pause)) != nil }
    }

    private func keepAlive<Value: Sendable>(
        _ lease: Lease<Access>, during body: @escaping @Sendable () async -> Value
    ) async -> Value {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await body() }
            group.addTask { await self.nap() }
            // The session speaks here, not in a child task: cancelling a statement would end the session.
            while let done = await group.next() {
                if let value = done {
                    group.cancelAll()
                    return value
                }
                guard !Task.isCancelled else { continue }
                await self.speak(lease)
                group.addTask { await self.nap() }
            }
            preconditionFailure("the body's value is among the results")
        }
    }

    /// Sleeps until the session should speak; a cancellation ends the sleep.
    private func nap<Value>() async -> Value? {
        try? await Task.sleep(for: self.limits.keepAliveInterval)
        return nil
    }

    private func speak(_ lease: Lease<Access>) async {
        guard self.isReady() else {
            await lease.release()
            return
        }
        do {
            try await lease.session.keepAlive()
        } catch {
            // The session has ended, so the holder's next statement fails too and ends the turn.
            self.logger.debug("lease lost during a wait", metadata: ["error": "\(error)"])
        }
    }
}
