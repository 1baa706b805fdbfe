public import Logging
import NIOConcurrencyHelpers
public import ServiceLifecycle
import SocketExecutor

/// Receives messages in batches and acknowledges what its user settles.
///
/// A consumer has a connection of its own, with one channel, and reconnects without end, over all endpoints. Only settled messages are
/// acknowledged, so every message is delivered at least once: what was not settled when a channel or connection ended is delivered again, to
/// this consumer or another. Heartbeats flow however long its user takes.
///
/// Run it once, as a service; use it from any number of tasks.
public actor BatchConsumer: Service {
    private typealias State = ConsumerState<CheckedContinuation<DeliveryBatch?, Never>, CheckedContinuation<Void, Never>>

    /// The consumer's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { self.thread.executor.asUnownedSerialExecutor() }

    nonisolated let thread: BrokerThread
    private nonisolated let consuming = NIOLockedValueBox(Consumption())
    private let logger: Logger
    private var connectionLog = ConnectionLog()
    private var state: State

    /// - Parameters:
    ///   - configuration: has at least one endpoint.
    ///   - topology: is declared each time before consuming begins.
    ///   - queue: is consumed with acknowledgements, not exclusively.
    public init(
        configuration: AMQPConfiguration, topology: AMQPTopology, queue: String, settings: ConsumerSettings = ConsumerSettings(),
        logger: Logger
    ) {
        precondition(settings.batchMessagesMax > 0 && settings.prefetchMessagesMax > 0, "a batch and the prefetch are at least 1")
        self.thread = BrokerThread(name: "amqp-consume", configuration: configuration, bodyBytesMax: settings.bodyBytesMax)
        self.logger = logger
        self.state = State(configuration: configuration, topology: topology, queue: queue, settings: settings, now: .now)
    }

    isolated deinit { self.thread.executor.stop() }

    /// What the broker delivers to a consumer.
    public struct Consumption: Sendable {
        /// Whether the broker is delivering: connected and consuming.
        public fileprivate(set) var isConsuming = false
        /// How often the broker has begun to deliver. When it begins again, messages may have been missed of a queue that ended with its
        /// connection.
        public fileprivate(set) var starts: UInt64 = 0
        /// The bindings that ``BatchConsumer/bind(_:)`` has made since then.
        public fileprivate(set) var bindings: Set<AMQPTopology.Binding> = []
    }

    /// What the broker delivers now.
    public nonisolated var consumption: Consumption { self.consuming.withLockedValue { $0 } }

    /// Whether the broker is delivering: connected and consuming.
    public nonisolated var isConsuming: Bool { self.consuming.withLockedValue { $0.isConsuming } }

    /// Connects and consumes until graceful shutdown, then hands out nothing more, waits up to ``ConsumerSettings/drainTimeout`` until what
    /// was handed out is settled, acknowledges it, closes and returns. Failures of the broker never end it. If its task is cancelled it closes
    /// at once.
    /// - Throws: ``AMQPError/Kind/alreadyRunning`` on a second call.
    public func run() async throws {
        // Ends with this scope.
        async let _: Void = self.thread.watchdog.run()
        try await withGracefulShutdownHandler {
            try await self.connectAndServe()
        } onGracefulShutdown: {
            // The handler must not wait: a task of its own stops the consumer, and run() ends when it has finished.
            Task { await self.stop() }
        }
    }

    private func stop() {
        self.resume(self.state.stop(now: .now))
        self.changed()
    }

    /// The next batch: waits until there is a message, then returns when the batch is full, when ``ConsumerSettings/linger`` has passed
    /// since its first message, or when no more has arrived.
    ///
    /// Several tasks may ask; each message is handed to one of them.
    /// - Returns: nil once shutdown has begun, or if the calling task is cancelled.
    public func nextBatch() async -> DeliveryBatch? {
        let id = self.state.makeWaiterID()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // In one step: whatever answers the call finds its continuation.
                if let handOver = self.state.nextBatch(id: id, waiter: continuation, now: .now) { self.resume([handOver]) }
                // The handler below may have run before there was a waiter to cancel.
                if Task.isCancelled { self.cancelWaiter(id) }
                self.thread.executor.interrupt()
            }
        } onCancel: {
            // The handler runs on any thread and must not wait.
            Task { await self.cancelWaiter(id) }
        }
    }

    private func cancelWaiter(_ id: UInt64) {
        if let handOver = self.state.cancelWaiter(id) { self.resume([handOver]) }
    }

    /// Marks deliveries as done; the broker receives the acknowledgements soon after.
    ///
    /// Unknown tags, tags settled before and tags of an earlier channel are ignored: the broker delivers those messages again.
    public func settle(_ tags: [DeliveryTag]) {
        self.state.settle(tags)
        self.thread.executor.interrupt()
    }

    /// Stops consuming until ``resumeConsuming()``: acknowledges what is settled and closes the channel, which returns everything else to the
    /// queue. The connection stays. Returns when the channel is closed.
    public func suspendConsuming() async {
        await withCheckedContinuation { continuation in
            self.state.suspend(continuation)?.resume()
            self.changed()
        }
    }

    /// Consumes again after ``suspendConsuming()``.
    public func resumeConsuming() {
        self.state.resume()
        self.changed()
    }

    /// Makes these bindings besides the topology's: those that are missing at once, all of them again with each new channel. Bindings of an
    /// earlier call stay until the channel ends.
    public func bind(_ bindings: Set<AMQPTopology.Binding>) {
        self.state.bind(bindings)
        self.changed()
    }

    /// Receives more although the user keeps many deliveries unsettled: those handed out and received until now no longer count against the
    /// prefetch. The user limits how many it keeps.
    public func makeRoom() {
        self.state.makeRoom()
        self.changed()
    }

    private func resume(_ handOvers: [State.HandOver]) {
        for handOver in handOvers { handOver.waiter.resume(returning: handOver.batch) }
    }

    /// Lets the loop look at the state again.
    private func changed() {
        self.updateConsuming()
        self.thread.executor.interrupt()
    }

    private func updateConsuming() {
        self.consuming.withLockedValue { consuming in
            let isConsuming = self.state.isConsuming
            if isConsuming, !consuming.isConsuming { consuming.starts += 1 }
            consuming.isConsuming = isConsuming
            consuming.bindings = self.state.madeBindings
        }
    }
}

extension BatchConsumer: BrokerSession {
    var lifecycle: SessionLifecycle {
        get { self.state.lifecycle }
        set { self.state.lifecycle = newValue }
    }

    func opened(_ link: BrokerLink) {
        guard let downtime = self.connectionLog.connected(now: .now) else { return }
        self.logger.info("AMQP consumer connected", metadata: self.thread.configuration.metadata(link.endpoint, downtime: downtime))
    }

    func lost(_ error: AMQPError?) {
        for suspender in self.state.lost(now: .now) { suspender.resume() }
        self.updateConsuming()
        guard let error, let failures = self.connectionLog.failed(error.kind, now: .now) else { return }
        self.logger.warning("AMQP consumer disconnected", metadata: self.thread.configuration.metadata(error, failures: failures))
    }

    func ended() { self.resume(self.state.ended()) }

    func pauseEnd(now: Instant) -> Instant? { self.state.pauseEnd(now: now) }

    func receive(_ event: BrokerEvent, on link: BrokerLink, now: Instant) throws(AMQPError) {
        let reaction = try self.state.receive(event, now: now, random: .random(in: 0..<1))
        self.resume(reaction.handOvers)
        for suspender in reaction.suspenders { suspender.resume() }
        self.updateConsuming()
        switch event {
        case .cancelled: self.logger.warning("AMQP consumer cancelled by the broker")
        case .channelClosed(let error):
            self.logger.error("AMQP consumer's channel closed", metadata: ["error": "\(error)", "reply": "\(error.replyText)"])
        default: break
        }
    }

    func turn(_ link: BrokerLink, isPaused: Bool, isDrained: Bool, now: Instant) throws(AMQPError) -> SessionTurn {
        if isDrained { self.resume(self.state.handOverAll(now: now)) }
        let isOver = self.state.isOver(now: now)
        let isFull = self.state.hasAcks && !link.canSend
        // Before a request that may close the channel.
        if !isFull { link.write(self.state.takeAcks()) }
        guard !isOver else { return SessionTurn(isOver: true) }
        link.request(self.state.requestsDue(now: now))
        self.updateConsuming()
        return SessionTurn(needsRoom: isFull, deadline: self.state.deadline)
    }

    func turnWithoutConnection(now: Instant) -> Instant? { nil }
}

/// The limits of a ``BatchConsumer``. Memory is bounded by ``prefetchMessagesMax`` × ``bodyBytesMax``, and as much again for each call of
/// ``BatchConsumer/makeRoom()`` until what was received before is settled.
public struct ConsumerSettings: Sendable {
    /// How many unsettled messages the broker may send ahead; at least twice ``batchMessagesMax`` keeps the next batch ready. RabbitMQ's
    /// quorum queues count at most 2000.
    public var prefetchMessagesMax: UInt16 = 1000
    /// The largest batch.
    public var batchMessagesMax = 500
    /// How long a batch may grow after its first message while more messages arrive.
    public var linger: Duration = .milliseconds(10)
    /// After a batch that was less than an eighth full nothing is handed out for this long, so that a trickle of messages becomes small batches:
    /// the lower bound after one of a few messages, more the more it held. Only a message that closely follows another one waits.
    public var smallBatchPause: ClosedRange<Duration> = .zero ... .zero
    /// A longer content is cut off, which ``Delivery/isTruncated`` reports.
    public var bodyBytesMax = 262_144
    /// How long a graceful shutdown waits for what was handed out to be settled.
    public var drainTimeout: Duration = .seconds(10)

    /// The defaults.
    public init() {}
}
