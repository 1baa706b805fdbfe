public import Logging
import NIOConcurrencyHelpers
public import ServiceLifecycle
import SocketExecutor

/// Publishes messages and reports the outcome of each.
///
/// A publisher has a connection of its own, with one channel in confirm mode, and reconnects without end, over all endpoints. It declares its
/// topology at each connect and at intervals. While the broker blocks publishers (memory or disk alarm) it sends nothing and waits.
///
/// Run it once, as a service; use it from any number of tasks.
public actor ConfirmedPublisher: Service {
    private typealias State = PublisherState<CheckedContinuation<[PublishOutcome], Never>>

    /// The publisher's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { self.thread.executor.asUnownedSerialExecutor() }

    nonisolated let thread: BrokerThread
    private nonisolated let ready = NIOLockedValueBox(false)
    private let settings: PublisherSettings
    private let logger: Logger
    private let observer: (any PublisherObserver)?
    private var connectionLog = ConnectionLog()
    private var state: State

    /// - Parameters:
    ///   - configuration: has at least one endpoint.
    ///   - topology: is declared at each connect and every ``PublisherSettings/redeclareInterval``.
    ///   - observer: is called about the connection, on the publisher's own thread.
    public init(
        configuration: AMQPConfiguration, topology: AMQPTopology, settings: PublisherSettings = PublisherSettings(), logger: Logger,
        observer: (any PublisherObserver)? = nil
    ) {
        precondition(settings.windowMessagesMax > 0 && settings.burstMessagesMax > 0, "a window and a burst are at least 1")
        // What a publisher receives are returns, whose bodies are dropped.
        self.thread = BrokerThread(name: "amqp-publish", configuration: configuration, bodyBytesMax: 0)
        self.settings = settings
        self.logger = logger
        self.observer = observer
        self.state = State(configuration: configuration, topology: topology, settings: settings)
    }

    isolated deinit { self.thread.executor.stop() }

    /// Whether a message would be sent now: connected, declared, not blocked, not shutting down.
    public nonisolated var isReady: Bool { self.ready.withLockedValue { $0 } }

    /// Connects and serves until graceful shutdown, then refuses new messages, waits up to ``PublisherSettings/drainTimeout`` for confirms
    /// that are out, closes and returns. Failures of the broker never end it. If its task is cancelled it closes at once.
    /// - Throws: ``AMQPError/Kind/alreadyRunning`` on a second call.
    public func run() async throws {
        // Ends with this scope.
        async let _: Void = self.thread.watchdog.run()
        try await withGracefulShutdownHandler {
            try await self.connectAndServe()
        } onGracefulShutdown: {
            // The handler must not wait: a task of its own stops the publisher, and run() ends when it has finished.
            Task { await self.stop() }
        }
    }

    private func stop() {
        self.answer(self.state.stop(now: .now))
        self.updateReady()
        self.thread.executor.interrupt()
    }

    /// Publishes messages and returns the outcome of each, in their order.
    ///
    /// Messages are written in this order; overlapping calls may interleave. The call suspends until every outcome is known. While there is
    /// no connection, or the broker blocks, messages wait until they can be sent, until the deadline, or until the calling task is cancelled:
    /// then those that were not sent are ``PublishOutcome/notSent``. After a cancellation those that were sent are
    /// ``PublishOutcome/unknown``; after the deadline the call still waits for them. While a connection is being made, a deadline may pass by
    /// up to twice the connect timeout.
    ///
    /// - Parameters:
    ///   - messages: a mandatory one needs a ``AMQPProperties/messageID``, by which its return is found.
    ///   - deadline: until when sending may begin; nil waits without limit.
    /// - Returns: one outcome per message.
    public func publish(_ messages: [AMQPMessage], deadline: ContinuousClock.Instant? = nil) async -> [PublishOutcome] {
        let id = self.state.makeCallID()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // In one step: whatever answers the call finds its continuation.
                self.answer(self.state.publish(messages, deadline: deadline, id: id, caller: continuation))
                // The handler below may have run before there was a call to cancel.
                if Task.isCancelled { self.answer(self.state.cancel(id)) }
                self.thread.executor.interrupt()
            }
        } onCancel: {
            // The handler runs on any thread and must not wait.
            Task { await self.cancel(id) }
        }
    }

    private func cancel(_ id: UInt64) { self.answer(self.state.cancel(id)) }

    private func answer(_ completion: State.Completion?) {
        if let completion { completion.caller.resume(returning: completion.outcomes) }
    }

    private func answer(_ completions: [State.Completion]) {
        for completion in completions { completion.caller.resume(returning: completion.outcomes) }
    }

    private func updateReady() {
        let isReady = self.state.isReady
        self.ready.withLockedValue { $0 = isReady }
    }
}

extension ConfirmedPublisher: BrokerSession {
    var lifecycle: SessionLifecycle {
        get { self.state.lifecycle }
        set { self.state.lifecycle = newValue }
    }

    func opened(_ link: BrokerLink) { link.request(self.state.opened()) }

    func lost(_ error: AMQPError?) {
        self.answer(self.state.lost())
        self.updateReady()
        guard let error else { return }
        if let failures = self.connectionLog.failed(error.kind, now: .now) {
            self.logger.warning("AMQP publisher disconnected", metadata: self.thread.configuration.metadata(error, failures: failures))
        }
        self.observer?.publisherDisconnected(error)
    }

    func ended() { self.answer(self.state.ended()) }

    func pauseEnd(now: Instant) -> Instant? { self.state.pauseEnd(now: now) }

    func receive(_ event: BrokerEvent, on link: BrokerLink, now: Instant) throws(AMQPError) {
        let reaction = try self.state.receive(event, now: now)
        self.answer(reaction.completions)
        self.updateReady()
        if reaction.isDeclared {
            let endpoint = link.endpoint
            if let downtime = self.connectionLog.connected(now: now) {
                self.logger.info("AMQP publisher connected", metadata: self.thread.configuration.metadata(endpoint, downtime: downtime))
            }
            self.observer?.publisherConnected(to: endpoint)
        }
        switch event {
        case .blocked(let reason):
            self.logger.warning("AMQP publisher blocked by the broker", metadata: ["reason": "\(reason)"])
            self.observer?.publisherBlocked(reason: reason)
        case .unblocked:
            self.logger.info("AMQP publisher unblocked")
            self.observer?.publisherUnblocked()
        default: break
        }
    }

    func turn(_ link: BrokerLink, isPaused: Bool, isDrained: Bool, now: Instant) throws(AMQPError) -> SessionTurn {
        if self.state.isOver(now: now) { return SessionTurn(isOver: true) }
        try self.state.checkConfirms(now: now)
        link.request(self.state.declarationsDue(now: now))
        self.answer(self.state.expireCalls(now: now))
        let isFull = isPaused ? false : try self.writeBurst(link, now)
        return SessionTurn(isBusy: self.state.maySend && !isFull, needsRoom: isFull, deadline: self.state.deadline)
    }

    /// Writes what the window allows, up to one burst, which leaves in one send unless it is large.
    /// - Returns: whether the socket was full.
    private func writeBurst(_ link: BrokerLink, _ now: Instant) throws(AMQPError) -> Bool {
        guard self.state.maySend else { return false }
        guard link.canSend else { return true }
        var written = 0
        while written < self.settings.burstMessagesMax, let message = self.state.nextMessage {
            if link.isOutputFull {
                try link.flush()
                guard link.canSend else { break }
            }
            do throws(AMQPError) {
                try link.write(message)
                self.state.sent(now: now)
                written += 1
            } catch {
                self.answer(self.state.refused(error))
            }
        }
        self.state.burstEnded(messages: written, now: now)
        return false
    }

    func turnWithoutConnection(now: Instant) -> Instant? {
        self.answer(self.state.expireCalls(now: now))
        return self.state.callDeadline
    }
}

/// The limits of a ``ConfirmedPublisher``.
public struct PublisherSettings: Sendable {
    /// How many messages may be sent and not yet confirmed.
    public var windowMessagesMax = 1000
    /// How many messages are written before incoming frames are read. They leave in one send.
    public var burstMessagesMax = 64
    /// After a burst that was less than a quarter full nothing is sent for this long, so that a trickle of messages becomes small bursts. Only a
    /// message that closely follows another one waits.
    public var smallBurstPause: Duration = .zero
    /// How many messages may wait to be sent, over all callers; further ones are ``PublishOutcome/notSent`` at once.
    public var pendingMessagesMax = 10_000
    /// A longer content is refused as ``PublishOutcome/invalid(_:)``. RabbitMQ 4 accepts at most 16 MiB unless configured.
    public var bodyBytesMax = 16_777_216
    /// A message that is unconfirmed for longer, while the broker does not block, ends the connection; its outcome is unknown.
    public var confirmTimeout: Duration = .seconds(30)
    /// How often the topology is declared again, which restores a removed binding.
    public var redeclareInterval: Duration = .seconds(10)
    /// How long a graceful shutdown waits for confirms that are still out.
    public var drainTimeout: Duration = .seconds(10)

    /// The defaults.
    public init() {}
}

/// The outcome of a published message. Every message gets exactly one.
public enum PublishOutcome: Sendable, Hashable {
    /// The broker has it: every queue that it was routed to accepted it.
    case confirmed
    /// No queue was bound for it (mandatory messages only); `code` is AMQP's reply code, 312.
    case returned(code: UInt16, text: String)
    /// A queue refused it, by its length limit or because it failed (basic.nack).
    case rejected
    /// The connection ended, the confirm did not arrive in time, or the caller was cancelled: the broker may have it or not.
    case unknown
    /// Certainly not sent: no broker within the deadline, too many waiting, shutdown or cancellation.
    case notSent
    /// Certainly not sent, and cannot be sent as it is.
    case invalid(AMQPError)
}

/// Observes the connection of a ``ConfirmedPublisher``: for metrics, and for users that pause while there is no broker.
///
/// It is called on the publisher's own thread and must return at once.
public protocol PublisherObserver: Sendable {
    /// Connected and everything declared: messages flow.
    func publisherConnected(to endpoint: AMQPEndpoint)
    /// The connection ended, or could not be made.
    func publisherDisconnected(_ error: AMQPError)
    /// The broker has an alarm (memory, disk) and reads nothing from this connection.
    func publisherBlocked(reason: String)
    /// The alarm is over.
    func publisherUnblocked()
}
