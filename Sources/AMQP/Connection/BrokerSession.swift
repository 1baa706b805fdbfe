import HostNames
import SocketExecutor

/// What a session does after a turn.
struct SessionTurn {
    /// The session has nothing left to do on this connection.
    var isOver = false
    /// There is more to do at once.
    var isBusy = false
    /// The socket was full: the session waits for room in it.
    var needsRoom = false
    /// When the session has something to do although nothing happens.
    var deadline: ContinuousClock.Instant?
}

/// An actor that keeps one connection to a broker, on an executor of its own: it connects, serves, and connects again until it is stopped.
///
/// The loop is here. What is published, consumed and waited for is decided by the state machine of each session.
protocol BrokerSession: Actor {
    nonisolated var thread: BrokerThread { get }
    var lifecycle: SessionLifecycle { get set }

    /// A connection was made; nothing is declared yet.
    func opened(_ link: BrokerLink)
    /// A connection ended, or could not be made. No error: it ended on this side's wish.
    func lost(_ error: AMQPError?)
    /// The session ended.
    func ended()

    /// Until when nothing is read, so that more arrives meanwhile; nil: it is read now.
    func pauseEnd(now: ContinuousClock.Instant) -> ContinuousClock.Instant?
    /// Something arrived.
    func receive(_ event: BrokerEvent, on link: BrokerLink, now: ContinuousClock.Instant) throws(AMQPError)
    /// Writes what is due.
    /// - Parameters:
    ///   - isPaused: nothing was read in this turn.
    ///   - isDrained: everything that had arrived was read.
    func turn(
        _ link: BrokerLink, isPaused: Bool, isDrained: Bool, now: ContinuousClock.Instant
    ) throws(AMQPError) -> SessionTurn
    /// A turn without a connection.
    /// - Returns: when the next one is due; nil: only when the pause between connections ends.
    func turnWithoutConnection(now: ContinuousClock.Instant) -> ContinuousClock.Instant?
}

extension BrokerSession {
    typealias Instant = ContinuousClock.Instant

    /// Events that are handled before other jobs of the actor run.
    private static var eventsPerTurnMax: Int { 512 }
    private static var closeTimeout: Duration { .seconds(2) }

    /// Runs until the lifecycle is stopped or the task is cancelled.
    func connectAndServe() async throws(AMQPError) {
        guard try self.lifecycle.start() else { return }
        while self.lifecycle.isRunning, !Task.isCancelled {
            let endpoint = self.lifecycle.nextEndpoint()
            let started = Instant.now
            do throws(AMQPError) {
                try await self.serve(endpoint)
                self.lost(nil)
            } catch {
                self.lost(error)
            }
            let pause = self.lifecycle.attemptEnded(after: .now - started, random: .random(in: 0..<1))
            await self.sleep(until: .now + pause)
        }
        self.lifecycle.finish()
        self.ended()
    }

    /// Waits while there is no connection; deadlines of users are kept.
    private func sleep(until end: Instant) async {
        while self.lifecycle.isRunning, !Task.isCancelled, .now < end {
            let deadline = self.turnWithoutConnection(now: .now)
            _ = await self.thread.executor.wait(for: [], on: -1, until: deadline.map { min($0, end) } ?? end)
        }
    }

    private func serve(_ endpoint: AMQPEndpoint) async throws(AMQPError) {
        guard let link = try await self.connect(endpoint) else { return }
        self.opened(link)
        do throws(AMQPError) {
            while try await self.serveTurn(link) {}
        } catch {
            // The connection is open after a closed channel, and after a request or confirm that is late.
            if error.kind == .channelClosed || error.kind == .timeout {
                await link.close(on: self.thread.executor, within: Self.closeTimeout)
            }
            throw error
        }
        await link.close(on: self.thread.executor, within: Self.closeTimeout)
    }

    /// Connects to the first address that answers.
    /// - Returns: nil if the session was stopped meanwhile.
    private func connect(_ endpoint: AMQPEndpoint) async throws(AMQPError) -> BrokerLink? {
        var failure: AMQPError?
        for address in try await self.thread.addresses(of: endpoint) {
            // A stop may have been requested while the thread was blocked.
            await Task.yield()
            guard self.lifecycle.isRunning, !Task.isCancelled else { return nil }
            do throws(AMQPError) {
                return try BrokerLink(self.thread, endpoint, address: address)
            } catch {
                guard error.kind == .unreachable else { throw error }
                failure = error
            }
        }
        throw failure ?? AMQPError(.unreachable, replyText: "the host has no address")
    }

    /// Reads, writes, then sleeps until there is something to do.
    /// - Returns: false when the session has nothing left to do on this connection.
    private func serveTurn(_ link: BrokerLink) async throws(AMQPError) -> Bool {
        let now = Instant.now
        let pauseEnd = self.pauseEnd(now: now)
        let isDrained = pauseEnd == nil ? try self.read(link, now) : false
        let turn = try self.turn(link, isPaused: pauseEnd != nil, isDrained: isDrained, now: now)
        // What is written leaves with connection.close.
        guard !turn.isOver, !Task.isCancelled else { return false }
        try link.finishTurn(now: now)
        let room: SocketExecutor.Interest = turn.needsRoom ? .write : []
        if let pauseEnd {
            // What arrives meanwhile gathers in the socket's buffer and wakes no thread.
            _ = await self.thread.executor.wait(for: room, on: turn.needsRoom ? link.descriptor : -1, until: pauseEnd)
        } else if !isDrained || turn.isBusy || link.hasInput {
            await Task.yield()
        } else {
            let wakeup = link.wakeup(now: now)
            _ = await self.thread.executor.wait(
                for: [.read, room], on: link.descriptor, until: turn.deadline.map { min($0, wakeup) } ?? wakeup)
        }
        return true
    }

    /// - Returns: whether everything that had arrived was read.
    private func read(_ link: BrokerLink, _ now: Instant) throws(AMQPError) -> Bool {
        defer { link.release() }
        for _ in 0..<Self.eventsPerTurnMax {
            guard let event = try link.next(now: now) else { return true }
            try self.receive(event, on: link, now: now)
        }
        return false
    }
}

/// What a session needs to connect: the broker, and a thread that runs the C library.
struct BrokerThread: Sendable {
    /// librabbitmq decodes header tables by recursion without a limit, and the sender decides the depth: 26,000 arrays fit into one frame of
    /// 131,072 bytes and took between 2 and 4 MiB. The system's default may be 2 MiB (`ulimit -s unlimited`).
    private static let stackBytes = 16 * 1024 * 1024

    let configuration: AMQPConfiguration
    let executor: SocketExecutor
    let watchdog = SendWatchdog()
    /// A longer body is cut off when it is received.
    let bodyBytesMax: Int

    /// Sessions are made when a program starts; a program that has no descriptor or thread left then cannot run at all.
    init(name: String, configuration: AMQPConfiguration, bodyBytesMax: Int) {
        precondition(!configuration.endpoints.isEmpty, "a configuration needs at least one endpoint")
        self.configuration = configuration
        self.bodyBytesMax = bodyBytesMax
        self.executor = Self.makeExecutor(name: name)
    }

    /// - Throws: `unreachable` if the name of the endpoint has no known address.
    func addresses(of endpoint: AMQPEndpoint) async throws(AMQPError) -> [String] {
        do throws(HostNameError) {
            return try await self.configuration.resolver.addresses(of: endpoint.host, within: self.configuration.lookupTimeout)
        } catch {
            throw AMQPError(.unreachable, replyText: "\(error)")
        }
    }

    static func makeExecutor(name: String) -> SocketExecutor {
        do {
            return try SocketExecutor(name: name, stackBytes: self.stackBytes)
        } catch {
            preconditionFailure("no descriptor or thread left: errno \(error.code)")
        }
    }
}
