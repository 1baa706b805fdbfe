import Logging
import NIOConcurrencyHelpers
import SocketExecutor

/// The work of a ``ConfirmedPublisher``: one actor, one connection at a time, one thread.
actor PublisherSession {
    typealias Instant = ContinuousClock.Instant

    /// Frames that are looked at before other jobs of the actor get their turn.
    private static let eventsPerTurnMax = 512
    private static let closeTimeout: Duration = .seconds(2)

    /// Which message of which call.
    private struct Token {
        var call: UInt64
        var index: Int
    }

    /// A call of `publish` that waits for its outcomes.
    private struct Call {
        var outcomes: [PublishOutcome?]
        var openCount: Int
        var deadline: Instant?
        var continuation: CheckedContinuation<[PublishOutcome], Never>?
    }

    private struct Pending {
        var token: Token
        var message: AMQPMessage
    }

    private enum Phase {
        case new
        case running
        /// Sends nothing more, waits for confirms until then.
        case draining(until: Instant)
        case finished
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }
    private nonisolated let executor: SocketExecutor
    /// Readable without a hop, for health checks.
    nonisolated let ready = NIOLockedValueBox(false)

    private let configuration: AMQPConfiguration
    private let topology: AMQPTopology
    private let settings: PublisherSettings
    private let logger: Logger
    private let observer: (any PublisherObserver)?
    private let watchdog: SendWatchdog

    private var phase = Phase.new
    private var hasRun = false
    private var link: BrokerLink?
    private var isDeclared = false
    private var nextDeclaration: Instant?
    private var window = ConfirmWindow<Token>()
    private var pending = Fifo<Pending>()
    private var pause: BatchPause
    private var calls: [UInt64: Call] = [:]
    private var nextCall: UInt64 = 0

    init(
        configuration: AMQPConfiguration, topology: AMQPTopology, settings: PublisherSettings, logger: Logger,
        observer: (any PublisherObserver)?, watchdog: SendWatchdog
    ) {
        self.configuration = configuration
        self.topology = topology
        self.settings = settings
        self.logger = logger
        self.observer = observer
        self.watchdog = watchdog
        self.pause = BatchPause(
            rest: settings.smallBurstPause...settings.smallBurstPause, enoughMessages: settings.burstMessagesMax / 4)
        self.executor = BrokerThread.makeExecutor(name: "amqp-publish")
    }

    isolated deinit {
        self.link = nil
        self.executor.stop()
    }

    // MARK: - Callers

    func publish(_ messages: [AMQPMessage], deadline: Instant?) async -> [PublishOutcome] {
        var call = Call(outcomes: messages.map { self.refusal(of: $0).map { .invalid($0) } }, openCount: 0, deadline: deadline)
        call.openCount = call.outcomes.count { $0 == nil }
        switch self.phase {
        case .draining, .finished: return Self.notSent(call)
        case .new, .running: break
        }
        guard call.openCount > 0, self.pending.count + call.openCount <= self.settings.pendingMessagesMax else { return Self.notSent(call) }
        let id = self.nextCall
        self.nextCall += 1
        for index in messages.indices where call.outcomes[index] == nil {
            self.pending.append(Pending(token: Token(call: id, index: index), message: messages[index]))
        }
        self.executor.interrupt()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                call.continuation = continuation
                self.calls[id] = call
            }
        } onCancel: {
            // The handler runs on any thread and must not wait: the actor is told by a job of its own.
            Task { await self.cancel(id) }
        }
    }

    private func refusal(of message: AMQPMessage) -> AMQPError? {
        if message.mandatory, message.properties.messageID == nil {
            return AMQPError(.invalidMessage, replyText: "a mandatory message needs a message id")
        }
        if message.body.count > self.settings.bodyBytesMax {
            return AMQPError(.invalidMessage, replyText: "a body has more than \(self.settings.bodyBytesMax) bytes")
        }
        return nil
    }

    private static func notSent(_ call: Call) -> [PublishOutcome] { call.outcomes.map { $0 ?? .notSent } }

    private func cancel(_ id: UInt64) {
        self.abandon(id, sent: .unknown)
    }

    /// Ends a call now: what was not sent will not be. With `sent` also what is out gets its outcome now, else it is waited for.
    private func abandon(_ id: UInt64, sent: PublishOutcome?) {
        guard self.calls[id] != nil else { return }
        for entry in self.pending where entry.token.call == id { self.resolve(entry.token, .notSent) }
        self.pending.removeAll { $0.token.call == id }
        guard let sent, let call = self.calls[id] else { return }
        for index in call.outcomes.indices where call.outcomes[index] == nil { self.resolve(Token(call: id, index: index), sent) }
    }

    private func resolve(_ token: Token, _ outcome: PublishOutcome) {
        // A call that was cancelled is gone before the confirms of its messages come.
        guard let index = self.calls.index(forKey: token.call), self.calls.values[index].outcomes[token.index] == nil else { return }
        self.calls.values[index].outcomes[token.index] = outcome
        self.calls.values[index].openCount -= 1
        guard self.calls.values[index].openCount == 0 else { return }
        let call = self.calls.remove(at: index).value
        call.continuation?.resume(returning: Self.notSent(call))
    }

    private func expireCalls(now: Instant) {
        for (id, call) in self.calls {
            if let deadline = call.deadline, deadline <= now {
                self.calls[id]?.deadline = nil
                self.abandon(id, sent: nil)
            }
        }
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
                await self.sleep(until: .now + backoff.next(random: .random(in: 0..<1)))
            }
        }
        self.phase = .finished
        for id in self.calls.keys { self.abandon(id, sent: .unknown) }
    }

    /// Begins the graceful end.
    func stop() {
        switch self.phase {
        case .new: self.phase = .finished
        case .running: self.phase = .draining(until: .now + self.settings.drainTimeout)
        case .draining, .finished: return
        }
        self.ready.withLockedValue { $0 = false }
        for entry in self.pending { self.resolve(entry.token, .notSent) }
        self.pending.removeAll()
        self.executor.interrupt()
    }

    private var isRunning: Bool {
        if case .running = self.phase { !Task.isCancelled } else { false }
    }

    /// Waits while there is no connection; deadlines of callers are kept.
    private func sleep(until end: Instant) async {
        while self.isRunning, .now < end {
            self.expireCalls(now: .now)
            let next = self.calls.values.compactMap(\.deadline).min()
            _ = await self.executor.wait(for: [], on: -1, until: next.map { min($0, end) } ?? end)
        }
    }

    private func disconnect(_ error: AMQPError?) {
        self.link = nil
        self.isDeclared = false
        self.ready.withLockedValue { $0 = false }
        for settled in self.window.closeAll() { self.resolve(settled.token, settled.outcome) }
        guard let error else { return }
        self.logger.warning("AMQP publisher disconnected", metadata: ["error": "\(error)", "reply": "\(error.replyText)"])
        self.observer?.publisherDisconnected(error)
    }

    private func connectAndServe(_ endpoint: AMQPEndpoint) async throws(AMQPError) {
        let link = try BrokerLink(configuration: self.configuration, endpoint: endpoint, watchdog: self.watchdog, bodyBytesMax: 0)
        self.link = link
        link.request([.channelOpen, .confirmSelect] + self.topology.declarations)
        do throws(AMQPError) {
            try await self.serve(link, endpoint)
        } catch {
            // The broker closes what it objects to itself; a channel that it closed, or a confirm that is late, leaves the connection open.
            if error.kind == .channelClosed || error.kind == .timeout { await link.close(on: self.executor, within: Self.closeTimeout) }
            throw error
        }
        await link.close(on: self.executor, within: Self.closeTimeout)
    }

    /// The loop: read, send, sleep until there is something to do.
    private func serve(_ link: BrokerLink, _ endpoint: AMQPEndpoint) async throws(AMQPError) {
        while true {
            let now = Instant.now
            if let pauseEnd = self.pause.end(now: now, waiting: self.pending.count) {
                // Confirms, too, gather meanwhile.
                _ = await self.executor.wait(for: [], on: -1, until: pauseEnd)
                continue
            }
            var events = 0
            while events < Self.eventsPerTurnMax, let event = try link.next(now: now) {
                try self.handle(event, link, now)
                events += 1
            }
            link.handle.release()
            if self.isOver(now) { return }
            try self.checkConfirms(link, now)
            self.declareAgain(link, now)
            try link.sendRequests(now: now)
            if !self.isDeclared, link.isIdle { self.declared(endpoint, now) }
            self.expireCalls(now: now)
            let full = try self.sendBurst(link, now)
            if events == Self.eventsPerTurnMax || link.handle.hasInput || (self.maySend(link) && !full) {
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
        return self.window.isEmpty || now >= end
    }

    private func wakeup(_ link: BrokerLink, _ now: Instant) -> Instant {
        var next = link.wakeup(now: now)
        if let deadline = self.calls.values.compactMap(\.deadline).min() { next = min(next, deadline) }
        if case .draining(let end) = self.phase { next = min(next, end) }
        guard !link.isBlocked else { return next }
        if let deadline = self.window.deadline(timeout: self.settings.confirmTimeout) { next = min(next, deadline) }
        return next
    }

    // MARK: - Incoming

    private func handle(_ event: BrokerEvent, _ link: BrokerLink, _ now: Instant) throws(AMQPError) {
        switch event {
        case .confirm(let number, let multiple, let confirmed):
            guard let settled = self.window.settle(number, multiple: multiple, confirmed: confirmed) else {
                throw AMQPError(.protocolViolation, replyText: "a confirm for a message that was not sent")
            }
            for message in settled { self.resolve(message.token, message.outcome) }
        case .content(.returned(let method, let properties)):
            guard self.window.returned(messageID: properties.messageID, code: method.code, text: method.text) else {
                throw AMQPError(.protocolViolation, replyText: "a return of a message that was not sent")
            }
        case .content(.delivery), .cancelled:
            throw AMQPError(.protocolViolation, replyText: "a delivery without a consumer")
        case .blocked(let reason):
            self.ready.withLockedValue { $0 = false }
            self.logger.warning("AMQP publisher blocked by the broker", metadata: ["reason": "\(reason)"])
            self.observer?.publisherBlocked(reason: reason)
        case .unblocked:
            self.window.restartAges(now: now)
            self.ready.withLockedValue { $0 = self.isDeclared }
            self.logger.info("AMQP publisher unblocked")
            self.observer?.publisherUnblocked()
        case .channelClosed(let error): throw error
        case .answered: break
        }
    }

    private func checkConfirms(_ link: BrokerLink, _ now: Instant) throws(AMQPError) {
        guard !link.isBlocked, let deadline = self.window.deadline(timeout: self.settings.confirmTimeout), deadline <= now else { return }
        throw AMQPError(.timeout, replyText: "a confirm did not come in time", classID: 60, methodID: 80)
    }

    // MARK: - Outgoing

    private func declared(_ endpoint: AMQPEndpoint, _ now: Instant) {
        self.isDeclared = true
        self.nextDeclaration = now + self.settings.redeclareInterval
        self.ready.withLockedValue { $0 = self.isRunning }
        self.logger.info("AMQP publisher connected", metadata: ["host": "\(endpoint.host)", "port": "\(endpoint.port)"])
        self.observer?.publisherConnected(to: endpoint)
    }

    private func declareAgain(_ link: BrokerLink, _ now: Instant) {
        guard self.isDeclared, !link.isBlocked, link.isIdle, let next = self.nextDeclaration, next <= now else { return }
        self.nextDeclaration = now + self.settings.redeclareInterval
        link.request(self.topology.declarations)
    }

    private func maySend(_ link: BrokerLink) -> Bool {
        self.isDeclared && !link.isBlocked && !self.pending.isEmpty && self.window.count < self.settings.windowMessagesMax
    }

    /// Sends what the window allows, up to one burst.
    /// - Returns: whether the socket was full.
    private func sendBurst(_ link: BrokerLink, _ now: Instant) throws(AMQPError) -> Bool {
        guard self.maySend(link) else { return false }
        var full = false
        var sent = 0
        try link.handle.corked(self.pending.count > 1) { () throws(AMQPError) in
            while sent < self.settings.burstMessagesMax, self.maySend(link) {
                guard link.handle.canSend else {
                    full = true
                    return
                }
                guard let entry = self.pending.popFirst() else { return }
                try self.send(entry, link, now)
                sent += 1
            }
        }
        self.pause.batchLeft(messages: sent, now: now)
        return full
    }

    private func send(_ entry: Pending, _ link: BrokerLink, _ now: Instant) throws(AMQPError) {
        do throws(AMQPError) {
            try link.handle.publish(entry.message)
        } catch {
            guard error.kind != .invalidMessage else {
                self.resolve(entry.token, .invalid(error))
                return
            }
            // It may have left before the connection broke.
            self.resolve(entry.token, .unknown)
            throw error
        }
        self.window.sent(entry.token, messageID: entry.message.mandatory ? entry.message.properties.messageID : nil, now: now)
    }
}
