import DequeModule

/// What a ``BatchConsumer`` knows and decides, without I/O.
///
/// Transitions return what the consumer has to do: requests and acknowledgements to send, waiting users to resume.
///
/// - Parameters:
///   - Waiter: how a call of `nextBatch` is answered.
///   - Suspender: how a call of `suspendConsuming` is answered. Each is returned once; the state is not copyable, so that none can be answered
///     twice.
struct ConsumerState<Waiter, Suspender>: ~Copyable {
    typealias Instant = ContinuousClock.Instant
    typealias WaiterID = UInt64

    /// A waiter and the batch for it; nil: consuming ended.
    struct HandOver {
        var waiter: Waiter
        var batch: DeliveryBatch?
    }

    /// What an event led to.
    struct Reaction {
        var handOvers: [HandOver] = []
        var suspenders: [Suspender] = []
    }

    /// The channel's life. Each time it is opened it is a new generation; closing it returns every unacknowledged message to the queue.
    enum Channel {
        /// None; opened again at this time, if consuming is wanted.
        case none(reopenAt: Instant)
        case opening
        case consuming
        /// Cancelled by this side; what was handed out is still being settled.
        case cancelled
        /// Cancelled by the broker, with its queue: to be closed and opened again.
        case lost
        case closing
    }

    var lifecycle: SessionLifecycle
    private let topology: AMQPTopology
    private let queue: String
    private let settings: ConsumerSettings
    private var isWanted = true
    private var channel: Channel
    /// The present consumer among those of this session.
    private var consumerNumber = 0
    private var needsRoom = false
    /// Bindings besides the topology's.
    private var furtherBindings: Set<AMQPTopology.Binding> = []
    /// Those that were requested on the present channel.
    private var requestedBindings: Set<AMQPTopology.Binding> = []
    /// Those that the broker has made on the present channel.
    private(set) var madeBindings: Set<AMQPTopology.Binding> = []
    private var channelBackoff: Backoff
    private var channelOpenedAt: Instant?
    private var ledger = AckLedger()
    private var inbox = Deque<Delivery>()
    private var inboxSince: Instant?
    private var pause: BatchPause
    private var waiters = Deque<(id: WaiterID, waiter: Waiter)>()
    private var nextWaiter: WaiterID = 0
    private var suspenders: [Suspender] = []

    init(configuration: AMQPConfiguration, topology: AMQPTopology, queue: String, settings: ConsumerSettings, now: Instant) {
        self.lifecycle = SessionLifecycle(configuration, drainTimeout: settings.drainTimeout)
        self.topology = topology
        self.queue = queue
        self.settings = settings
        self.channel = .none(reopenAt: now)
        self.channelBackoff = Backoff(shortest: configuration.reconnectDelayMin, longest: configuration.reconnectDelayMax)
        self.pause = BatchPause(rest: settings.smallBatchPause, enoughMessages: settings.batchMessagesMax / 8)
    }

    /// Whether the broker delivers and deliveries are wanted.
    var isConsuming: Bool {
        if case .consuming = self.channel { self.lifecycle.isRunning && self.isWanted } else { false }
    }

    // MARK: - Users

    /// The id of the next call of ``nextBatch(id:waiter:now:)``.
    mutating func makeWaiterID() -> WaiterID {
        defer { self.nextWaiter += 1 }
        return self.nextWaiter
    }

    /// A user asks for a batch.
    /// - Returns: the answer, if there is one at once.
    mutating func nextBatch(id: WaiterID, waiter: Waiter, now: Instant) -> HandOver? {
        guard self.lifecycle.acceptsWork else { return HandOver(waiter: waiter, batch: nil) }
        // Earlier waiters go first.
        if self.waiters.isEmpty, self.inbox.count >= self.settings.batchMessagesMax {
            return HandOver(waiter: waiter, batch: self.takeBatch(now: now))
        }
        self.waiters.append((id, waiter))
        return nil
    }

    /// The task of a user was cancelled.
    mutating func cancelWaiter(_ id: WaiterID) -> HandOver? {
        guard let index = self.waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return HandOver(waiter: self.waiters.remove(at: index).waiter, batch: nil)
    }

    /// Deliveries are done with.
    mutating func settle(_ tags: [DeliveryTag]) {
        for tag in tags { self.ledger.settle(tag) }
    }

    /// Consuming is not wanted until ``resume()``.
    /// - Returns: the suspender, if there is no channel to close.
    mutating func suspend(_ suspender: Suspender) -> Suspender? {
        self.isWanted = false
        if case .none = self.channel { return suspender }
        self.suspenders.append(suspender)
        return nil
    }

    mutating func resume() { self.isWanted = true }

    /// Another consumer is wanted in place of the present one, with a prefetch of its own.
    mutating func makeRoom() {
        switch self.channel {
        // While one is being made, too: it may be the one that earlier deliveries fill.
        case .opening, .consuming: self.needsRoom = true
        case .none, .cancelled, .lost, .closing: break
        }
    }

    /// These bindings are wanted besides the topology's.
    mutating func bind(_ bindings: Set<AMQPTopology.Binding>) { self.furtherBindings = bindings }

    private var consumerTag: String { "batch-\(self.consumerNumber)" }

    // MARK: - Life

    /// Begins the graceful end: nothing more is handed out.
    mutating func stop(now: Instant) -> [HandOver] {
        guard self.lifecycle.stop(now: now) else { return [] }
        // These messages return to the queue when the channel closes.
        self.clearInbox()
        return self.ended()
    }

    /// The session ended: no waiter is left.
    mutating func ended() -> [HandOver] {
        defer { self.waiters.removeAll() }
        return self.waiters.map { HandOver(waiter: $0.waiter, batch: nil) }
    }

    /// The connection ended, or could not be made.
    mutating func lost(now: Instant) -> [Suspender] { self.channelGone(reopenAt: now) }

    /// The channel closed: its deliveries cannot be acknowledged any more.
    private mutating func channelGone(reopenAt: Instant) -> [Suspender] {
        defer { self.suspenders.removeAll() }
        self.channel = .none(reopenAt: reopenAt)
        self.channelOpenedAt = nil
        self.needsRoom = false
        self.requestedBindings.removeAll()
        self.madeBindings.removeAll()
        self.ledger.open(generation: self.ledger.generation + 1)
        self.clearInbox()
        return self.suspenders
    }

    private mutating func clearInbox() {
        self.inbox.removeAll()
        self.inboxSince = nil
    }

    // MARK: - Incoming

    /// - Parameter random: 0 ..< 1, for the pause after a channel that failed.
    mutating func receive(_ event: BrokerEvent, now: Instant, random: Double) throws(AMQPError) -> Reaction {
        var reaction = Reaction()
        switch event {
        case .content(.delivery(let method, let properties, let body, let bodyBytesTotal)):
            try self.receive(method, properties, body, bodyBytesTotal, now)
            reaction.handOvers = self.handOverIfDue(now: now)
        case .answered(.consume):
            self.channel = .consuming
            if self.channelOpenedAt == nil { self.channelOpenedAt = now }
        case .answered(.channelClose):
            // Closed by this side: the next one may open as soon as it is wanted.
            reaction.suspenders = self.channelGone(reopenAt: now)
        case .answered(.queueBind(let binding)):
            if self.requestedBindings.contains(binding) { self.madeBindings.insert(binding) }
        case .answered, .blocked, .unblocked: break
        case .cancelled:
            if case .consuming = self.channel { self.channel = .lost }
        case .channelClosed:
            if let openedAt = self.channelOpenedAt { self.channelBackoff.lasted(now - openedAt) }
            reaction.suspenders = self.channelGone(reopenAt: now + self.channelBackoff.next(random: random))
        case .connectionClosed(let error): throw error
        case .confirm, .content(.returned):
            throw AMQPError(.protocolViolation, replyText: "a confirm or return without a publish")
        }
        return reaction
    }

    private mutating func receive(
        _ method: DeliverMethod, _ properties: AMQPProperties, _ body: [UInt8], _ bodyBytesTotal: UInt64, _ now: Instant
    ) throws(AMQPError) {
        guard self.ledger.delivered(method.number) else {
            throw AMQPError(.protocolViolation, replyText: "a delivery out of order")
        }
        switch self.channel {
        case .none: throw AMQPError(.protocolViolation, replyText: "a delivery without a channel")
        // Sent before the broker knew; it returns to the queue when the channel closes.
        case .closing, .cancelled, .lost: return
        case .opening, .consuming: guard self.lifecycle.isRunning else { return }
        }
        if self.inbox.isEmpty { self.inboxSince = now }
        self.inbox.append(
            Delivery(
                tag: DeliveryTag(generation: self.ledger.generation, number: method.number), redelivered: method.redelivered,
                exchange: method.exchange, routingKey: method.routingKey, properties: properties, body: body, bodyBytesTotal: bodyBytesTotal
            ))
    }

    // MARK: - Batches

    /// A batch that is full, or whose first message has waited long enough.
    private mutating func handOverIfDue(now: Instant) -> [HandOver] {
        let isLate = self.inboxSince.map { $0 + self.settings.linger <= now } ?? false
        guard isLate || self.inbox.count >= self.settings.batchMessagesMax, let waiter = self.waiters.popFirst() else { return [] }
        return [HandOver(waiter: waiter.waiter, batch: self.takeBatch(now: now))]
    }

    /// Everything that had arrived was read: no batch grows by waiting.
    mutating func handOverAll(now: Instant) -> [HandOver] {
        var handOvers: [HandOver] = []
        while !self.inbox.isEmpty, let waiter = self.waiters.popFirst() {
            handOvers.append(HandOver(waiter: waiter.waiter, batch: self.takeBatch(now: now)))
        }
        return handOvers
    }

    private mutating func takeBatch(now: Instant) -> DeliveryBatch {
        let deliveries = Array(self.inbox.prefix(self.settings.batchMessagesMax))
        self.inbox.removeFirst(deliveries.count)
        if let last = deliveries.last { self.ledger.handOut(upTo: last.tag.number) }
        self.pause.batchLeft(messages: deliveries.count, now: now)
        if self.inbox.isEmpty { self.inboxSince = nil }
        return DeliveryBatch(deliveries: deliveries)
    }

    /// When the present pause ends; nil if there is none.
    func pauseEnd(now: Instant) -> Instant? { self.pause.end(now: now, waiting: self.inbox.count) }

    // MARK: - Outgoing

    /// Whether nothing is left to do: drained, or draining took too long.
    func isOver(now: Instant) -> Bool {
        guard let end = self.lifecycle.drainEnd else { return false }
        return self.ledger.isHandedOutSettled || now >= end
    }

    /// Whether there is something to acknowledge.
    var hasAcks: Bool {
        switch self.channel {
        case .none, .opening, .closing: false
        case .consuming, .cancelled, .lost: self.ledger.hasFresh
        }
    }

    /// The acknowledgements to send now.
    mutating func takeAcks() -> [AckLedger.Ack] { self.hasAcks ? self.ledger.flush() : [] }

    /// Opens, cancels or closes the channel, as is wanted now.
    /// - Returns: the requests to make.
    mutating func requestsDue(now: Instant) -> [BrokerMethod] {
        switch self.channel {
        case .none(let reopenAt):
            guard self.lifecycle.isRunning, self.isWanted, reopenAt <= now else { return [] }
            self.channel = .opening
            return [.channelOpen] + self.topology.declarations + self.bindingsDue() + [
                .qos(prefetchMessages: self.settings.prefetchMessagesMax), .consume(queue: self.queue, consumerTag: self.consumerTag),
            ]
        case .lost:
            self.channel = .closing
            return [.channelClose]
        // A suspender waits for the channel's end, even if consuming was resumed since.
        case .consuming where !self.isWanted || !self.suspenders.isEmpty:
            self.channel = .closing
            return [.channelClose]
        case .consuming where !self.lifecycle.isRunning:
            self.channel = .cancelled
            return [.cancel(consumerTag: self.consumerTag)]
        // The broker counts the prefetch for each consumer, and a cancelled one keeps its unsettled deliveries.
        case .consuming where self.needsRoom:
            self.needsRoom = false
            self.channel = .opening
            let previous = self.consumerTag
            self.consumerNumber += 1
            return [.cancel(consumerTag: previous), .consume(queue: self.queue, consumerTag: self.consumerTag)]
        case .consuming: return self.bindingsDue()
        case .opening, .cancelled, .closing: return []
        }
    }

    /// The requests for the bindings that are wanted and were not requested yet.
    private mutating func bindingsDue() -> [BrokerMethod] {
        let due = self.furtherBindings.subtracting(self.requestedBindings)
        self.requestedBindings.formUnion(due)
        return due.sorted { ($0.exchange, $0.routingKey) < ($1.exchange, $1.routingKey) }.map { .queueBind($0) }
    }

    /// When there is something to do although nothing happens.
    var deadline: Instant? {
        var deadlines = [self.lifecycle.drainEnd]
        if case .none(let reopenAt) = self.channel, self.isWanted { deadlines.append(reopenAt) }
        return deadlines.compactMap { $0 }.min()
    }
}
