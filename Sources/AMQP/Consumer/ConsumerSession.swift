import Logging
import NIOConcurrencyHelpers
import SocketExecutor

/// The work of a ``BatchConsumer``: one actor, one connection at a time, one thread.
actor ConsumerSession {
    typealias Instant = ContinuousClock.Instant

    /// Events that are looked at before other jobs of the actor get their turn.
    private static let eventsPerTurnMax = 512
    private static let closeTimeout: Duration = .seconds(2)
    private static let consumerTag = "batch"

    private enum Phase {
        case new
        case running
        /// Takes nothing more, waits until then for what was handed out to be settled.
        case draining(until: Instant)
        case finished
    }

    /// The channel's life. Each time it is opened it is a new generation; closing it gives back every message that is not acknowledged.
    private enum Channel {
        /// None; opened again at this time, if consuming is wanted.
        case none(reopenAt: Instant)
        case opening
        case consuming
        /// Cancelled by us; what was handed out is still being settled.
        case cancelled
        /// Cancelled by the broker, with its queue: to be closed and opened anew.
        case lost
        case closing
    }

    private struct Waiter {
        var id: UInt64
        var continuation: CheckedContinuation<DeliveryBatch?, Never>
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }
    private nonisolated let executor: SocketExecutor
    /// Readable without a hop, for health checks.
    nonisolated let consuming = NIOLockedValueBox(false)

    private let configuration: AMQPConfiguration
    private let topology: AMQPTopology
    private let queue: String
    private let settings: ConsumerSettings
    private let logger: Logger
    private let watchdog: SendWatchdog

    private var phase = Phase.new
    private var hasRun = false
    private var isWanted = true
    private var link: BrokerLink?
    private var channel = Channel.none(reopenAt: .now)
    private var channelBackoff: Backoff
    private var channelOpenedAt: Instant?
    private var ledger = AckLedger()
    private var inbox = Fifo<Delivery>()
    private var inboxSince: Instant?
    private var pause: BatchPause
    private var waiters: [Waiter] = []
    private var nextWaiter: UInt64 = 0
    private var suspenders: [CheckedContinuation<Void, Never>] = []

    init(
        configuration: AMQPConfiguration, topology: AMQPTopology, queue: String, settings: ConsumerSettings, logger: Logger,
        watchdog: SendWatchdog
    ) {
        self.configuration = configuration
        self.topology = topology
        self.queue = queue
        self.settings = settings
        self.logger = logger
        self.watchdog = watchdog
        self.channelBackoff = Backoff(shortest: configuration.reconnectDelayMin, longest: configuration.reconnectDelayMax)
        self.pause = BatchPause(rest: settings.smallBatchPause, enoughMessages: settings.batchMessagesMax / 8)
        self.executor = BrokerThread.makeExecutor(name: "amqp-consume")
    }

    isolated deinit {
        self.link = nil
        self.executor.stop()
    }

    // MARK: - Users

    func nextBatch() async -> DeliveryBatch? {
        switch self.phase {
        case .draining, .finished: return nil
        case .new, .running: break
        }
        // Behind those who wait already.
        if self.waiters.isEmpty, self.inbox.count >= self.settings.batchMessagesMax { return self.takeBatch() }
        let id = self.nextWaiter
        self.nextWaiter += 1
        self.executor.interrupt()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { self.waiters.append(Waiter(id: id, continuation: $0)) }
        } onCancel: {
            // The handler runs on any thread and must not wait: the actor is told by a job of its own.
            Task { await self.cancelWaiter(id) }
        }
    }

    private func cancelWaiter(_ id: UInt64) {
        guard let index = self.waiters.firstIndex(where: { $0.id == id }) else { return }
        self.waiters.remove(at: index).continuation.resume(returning: nil)
    }

    func settle(_ tags: [DeliveryTag]) {
        for tag in tags { self.ledger.settle(tag) }
        self.executor.interrupt()
    }

    func suspendConsuming() async {
        self.isWanted = false
        guard !self.isChannelGone else { return }
        self.executor.interrupt()
        await withCheckedContinuation { self.suspenders.append($0) }
    }

    func resumeConsuming() {
        self.isWanted = true
        self.executor.interrupt()
    }

    private var isChannelGone: Bool {
        if case .none = self.channel { true } else { false }
    }

    // MARK: - Life

    /// Runs until ``stop()`` or cancellation.
    func run() async throws(AMQPError) {
        guard !self.hasRun else { throw AMQPError(.alreadyRunning) }
        self.hasRun = true
        // Told to stop before it began.
        guard case .new = self.phase else { return }
        self.phase = .running
        var backoff = Backoff(shortest: self.configuration.reconnectDelayMin, longest: self.configuration.reconnectDelayMax)
        var attempt = 0
        while self.isRunning {
            let endpoint = self.configuration.endpoints[attempt % self.configuration.endpoints.count]
            attempt += 1
            let started = Instant.now
            do throws(AMQPError) {
                try await self.connectAndServe(endpoint)
                self.disconnect(nil)
            } catch {
                self.disconnect(error)
            }
            backoff.lasted(.now - started)
            if attempt % self.configuration.endpoints.count == 0 {
                let end = Instant.now + backoff.next(random: .random(in: 0..<1))
                while self.isRunning, .now < end { _ = await self.executor.wait(for: [], on: -1, until: end) }
            }
        }
        self.phase = .finished
        self.endWaiters()
    }

    /// Begins the graceful end.
    func stop() {
        switch self.phase {
        case .new: self.phase = .finished
        case .running: self.phase = .draining(until: .now + self.settings.drainTimeout)
        case .draining, .finished: return
        }
        self.consuming.withLockedValue { $0 = false }
        // What nobody holds goes back to the queue when the channel closes.
        self.clearInbox()
        self.endWaiters()
        self.executor.interrupt()
    }

    private var isRunning: Bool {
        if case .running = self.phase { !Task.isCancelled } else { false }
    }

    private func endWaiters() {
        for waiter in self.waiters { waiter.continuation.resume(returning: nil) }
        self.waiters.removeAll()
    }

    private func clearInbox() {
        self.inbox.removeAll()
        self.inboxSince = nil
    }

    private func disconnect(_ error: AMQPError?) {
        self.link = nil
        self.channelGone(reopenAt: .now)
        guard let error else { return }
        self.logger.warning("AMQP consumer disconnected", metadata: ["error": "\(error)", "reply": "\(error.replyText)"])
    }

    /// The channel is closed: nothing of it can be acknowledged any more.
    private func channelGone(reopenAt: Instant) {
        self.channel = .none(reopenAt: reopenAt)
        self.consuming.withLockedValue { $0 = false }
        self.ledger.open(generation: self.ledger.generation + 1)
        self.clearInbox()
        for suspender in self.suspenders { suspender.resume() }
        self.suspenders.removeAll()
    }

    private func connectAndServe(_ endpoint: AMQPEndpoint) async throws(AMQPError) {
        let link = try BrokerLink(
            configuration: self.configuration, endpoint: endpoint, watchdog: self.watchdog, bodyBytesMax: self.settings.bodyBytesMax)
        self.link = link
        self.logger.info("AMQP consumer connected", metadata: ["host": "\(endpoint.host)", "port": "\(endpoint.port)"])
        do throws(AMQPError) {
            try await self.serve(link)
        } catch {
            if error.kind == .timeout { await link.close(on: self.executor, within: Self.closeTimeout) }
            throw error
        }
        await link.close(on: self.executor, within: Self.closeTimeout)
    }

    /// The loop: read, hand over, acknowledge, sleep until there is something to do.
    private func serve(_ link: BrokerLink) async throws(AMQPError) {
        while true {
            let now = Instant.now
            let pauseEnd = self.pause.end(now: now, waiting: self.inbox.count)
            var events = 0
            while pauseEnd == nil, events < Self.eventsPerTurnMax, let event = try link.next(now: now) {
                try self.handle(event, link, now)
                events += 1
            }
            link.handle.release()
            // Fewer than the limit: the socket is empty, so nobody waits for a batch to grow.
            if pauseEnd == nil, events < Self.eventsPerTurnMax {
                while !self.inbox.isEmpty, !self.waiters.isEmpty { self.handOver() }
            }
            if self.isOver(now) {
                if link.handle.canSend { try self.sendAcks(link) }
                return
            }
            // Before a request that may close the channel.
            let full = self.ledger.hasFresh && !link.handle.canSend
            if !full { try self.sendAcks(link) }
            self.driveChannel(link, now)
            try link.sendRequests(now: now)
            if let pauseEnd {
                // What arrives meanwhile gathers in the socket's buffer, without waking anybody.
                _ = await self.executor.wait(for: full ? .write : [], on: full ? link.handle.descriptor : -1, until: pauseEnd)
            } else if events == Self.eventsPerTurnMax || link.handle.hasInput {
                await Task.yield()
            } else {
                _ = await self.executor.wait(
                    for: full ? [.read, .write] : .read, on: link.handle.descriptor, until: self.wakeup(link, now))
            }
        }
    }

    private func isOver(_ now: Instant) -> Bool {
        if Task.isCancelled { return true }
        guard case .draining(let end) = self.phase else { return false }
        return self.ledger.isHandedOutSettled || now >= end
    }

    private func wakeup(_ link: BrokerLink, _ now: Instant) -> Instant {
        var next = link.wakeup(now: now)
        if case .draining(let end) = self.phase { next = min(next, end) }
        if case .none(let reopenAt) = self.channel, self.isWanted { next = min(next, reopenAt) }
        return next
    }

    // MARK: - The channel

    /// Opens, cancels or closes the channel, as is wanted now.
    private func driveChannel(_ link: BrokerLink, _ now: Instant) {
        switch self.channel {
        case .none(let reopenAt):
            guard self.isRunning, self.isWanted, reopenAt <= now else { return }
            self.channel = .opening
            link.request([.channelOpen])
            link.request(self.topology.declarations)
            link.request([
                .qos(prefetchMessages: self.settings.prefetchMessagesMax), .consume(queue: self.queue, consumerTag: Self.consumerTag),
            ])
        case .lost: self.closeChannel(link)
        // Who asked to suspend waits for the channel's end, also if somebody has asked to resume since.
        case .consuming where !self.isWanted || !self.suspenders.isEmpty: self.closeChannel(link)
        case .consuming where !self.isRunning:
            self.channel = .cancelled
            link.request([.cancel(consumerTag: Self.consumerTag)])
        case .opening, .consuming, .cancelled, .closing: return
        }
    }

    /// The acknowledgements of what is settled have left just before.
    private func closeChannel(_ link: BrokerLink) {
        self.channel = .closing
        self.consuming.withLockedValue { $0 = false }
        link.request([.channelClose])
    }

    private func channelFailed(_ error: AMQPError?, _ now: Instant) {
        if let openedAt = self.channelOpenedAt { self.channelBackoff.lasted(now - openedAt) }
        self.channelOpenedAt = nil
        let pause = self.channelBackoff.next(random: .random(in: 0..<1))
        self.channelGone(reopenAt: now + pause)
        if let error {
            self.logger.error("AMQP consumer's channel closed", metadata: ["error": "\(error)", "reply": "\(error.replyText)"])
        }
    }

    // MARK: - Incoming

    private func handle(_ event: BrokerEvent, _ link: BrokerLink, _ now: Instant) throws(AMQPError) {
        switch event {
        case .content(.delivery(let method, let properties, let body, let bodyBytesTotal)):
            try self.receive(method, properties, body, bodyBytesTotal, now)
        case .answered(.consume):
            self.channel = .consuming
            self.channelOpenedAt = now
            self.consuming.withLockedValue { $0 = self.isRunning && self.isWanted }
        case .answered(.channelClose):
            // Closed by us: nothing failed, the next one may come as soon as it is wanted.
            self.channelGone(reopenAt: now)
        case .answered: break
        case .cancelled:
            self.logger.warning("AMQP consumer cancelled by the broker")
            if case .consuming = self.channel { self.channel = .lost }
        case .channelClosed(let error): self.channelFailed(error, now)
        case .blocked, .unblocked: break
        case .confirm, .content(.returned):
            throw AMQPError(.protocolViolation, replyText: "a confirm or return without a publish")
        }
    }

    private func receive(
        _ method: DeliverMethod, _ properties: AMQPProperties, _ body: [UInt8], _ bodyBytesTotal: UInt64, _ now: Instant
    ) throws(AMQPError) {
        guard self.ledger.delivered(method.number) else {
            throw AMQPError(.protocolViolation, replyText: "a delivery out of order")
        }
        switch self.channel {
        case .none: throw AMQPError(.protocolViolation, replyText: "a delivery without a channel")
        // On its way before the broker knew; it goes back when the channel closes.
        case .closing, .cancelled, .lost: return
        case .opening, .consuming: guard self.isRunning else { return }
        }
        if self.inbox.isEmpty { self.inboxSince = now }
        self.inbox.append(
            Delivery(
                tag: DeliveryTag(generation: self.ledger.generation, number: method.number), redelivered: method.redelivered,
                exchange: method.exchange, routingKey: method.routingKey, properties: properties, body: body, bodyBytesTotal: bodyBytesTotal
            ))
        let isLate = self.inboxSince.map { $0 + self.settings.linger <= now } ?? false
        if !self.waiters.isEmpty, isLate || self.inbox.count >= self.settings.batchMessagesMax { self.handOver() }
    }

    private func handOver() {
        let waiter = self.waiters.removeFirst()
        waiter.continuation.resume(returning: self.takeBatch())
    }

    private func takeBatch() -> DeliveryBatch {
        var deliveries: [Delivery] = []
        deliveries.reserveCapacity(min(self.inbox.count, self.settings.batchMessagesMax))
        while deliveries.count < self.settings.batchMessagesMax, let delivery = self.inbox.popFirst() { deliveries.append(delivery) }
        if let last = deliveries.last { self.ledger.handOut(upTo: last.tag.number) }
        self.pause.batchLeft(messages: deliveries.count, now: .now)
        if self.inbox.isEmpty { self.inboxSince = nil }
        return DeliveryBatch(deliveries: deliveries)
    }

    // MARK: - Outgoing

    private func sendAcks(_ link: BrokerLink) throws(AMQPError) {
        guard self.ledger.hasFresh else { return }
        switch self.channel {
        case .none, .opening, .closing: return
        case .consuming, .cancelled, .lost: break
        }
        let acks = self.ledger.flush()
        try link.handle.corked(acks.count > 1) { () throws(AMQPError) in
            for ack in acks { try link.handle.sendAck(ack.number, multiple: ack.multiple) }
        }
    }
}
