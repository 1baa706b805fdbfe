import DequeModule

/// What a ``ConfirmedPublisher`` knows and decides, without I/O.
///
/// Transitions return what the publisher has to do: requests to send, calls to answer.
///
/// - Parameter Caller: how a call of `publish` is answered. Each caller is returned once, in a ``Completion``; the state is not copyable, so
///   that none can be answered twice.
struct PublisherState<Caller>: ~Copyable {
    typealias Instant = ContinuousClock.Instant
    typealias CallID = UInt64

    /// A call whose outcomes are all known.
    struct Completion {
        var caller: Caller
        var outcomes: [PublishOutcome]
    }

    /// What an event led to.
    struct Reaction {
        var completions: [Completion] = []
        /// Everything is declared on this connection, for the first time.
        var isDeclared = false
    }

    // The types below are not private: the compiler emits broken symbols for private types of a generic type (Swift 6.3.1).

    /// Which message of which call.
    struct Token {
        var call: CallID
        var index: Int
    }

    struct Call {
        var caller: Caller
        var outcomes: [PublishOutcome?]
        var openCount: Int
        var deadline: Instant?

        var known: [PublishOutcome] { self.outcomes.map { $0 ?? .notSent } }
    }

    struct Pending {
        var token: Token
        var message: AMQPMessage
    }

    enum Connection {
        case none
        /// The channel is not ready, or the topology not declared.
        case opening
        case declared
    }

    var lifecycle: SessionLifecycle
    private let topology: AMQPTopology
    private let settings: PublisherSettings
    private var connection = Connection.none
    private var isBlocked = false
    /// Requests without an answer.
    private var requestCount = 0
    private var nextDeclaration: Instant?
    private var window = ConfirmWindow<Token>()
    private var pending = Deque<Pending>()
    private var pause: BatchPause
    private var calls: [CallID: Call] = [:]
    private var nextCall: CallID = 0

    init(configuration: AMQPConfiguration, topology: AMQPTopology, settings: PublisherSettings) {
        self.lifecycle = SessionLifecycle(configuration, drainTimeout: settings.drainTimeout)
        self.topology = topology
        self.settings = settings
        self.pause = BatchPause(
            rest: settings.smallBurstPause...settings.smallBurstPause, enoughMessages: settings.burstMessagesMax / 4)
    }

    /// Whether a message would be sent now.
    var isReady: Bool { self.lifecycle.isRunning && self.isDeclared && !self.isBlocked }

    private var isDeclared: Bool {
        if case .declared = self.connection { true } else { false }
    }

    // MARK: - Callers

    /// The id of the next call of ``publish(_:deadline:id:caller:)``.
    mutating func makeCallID() -> CallID {
        defer { self.nextCall += 1 }
        return self.nextCall
    }

    /// Queues messages.
    /// - Returns: the call, if all outcomes are known at once.
    mutating func publish(_ messages: [AMQPMessage], deadline: Instant?, id: CallID, caller: Caller) -> Completion? {
        let outcomes = messages.map { message in self.refusal(of: message).map { PublishOutcome.invalid($0) } }
        let call = Call(caller: caller, outcomes: outcomes, openCount: outcomes.count { $0 == nil }, deadline: deadline)
        guard self.lifecycle.acceptsWork, call.openCount > 0, self.pending.count + call.openCount <= self.settings.pendingMessagesMax else {
            return Completion(caller: caller, outcomes: call.known)
        }
        self.calls[id] = call
        for index in messages.indices where outcomes[index] == nil {
            self.pending.append(Pending(token: Token(call: id, index: index), message: messages[index]))
        }
        return nil
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

    /// The caller's task was cancelled: the call is answered now.
    mutating func cancel(_ id: CallID) -> Completion? {
        self.dropPending(of: id) ?? self.giveUp(id)
    }

    /// What was not sent of a call will not be.
    private mutating func dropPending(of id: CallID) -> Completion? {
        let dropped = self.pending.filter { $0.token.call == id }
        guard !dropped.isEmpty else { return nil }
        self.pending.removeAll { $0.token.call == id }
        return self.resolve(dropped.map { ($0.token, .notSent) }).first
    }

    /// What was sent of a call is not waited for.
    private mutating func giveUp(_ id: CallID) -> Completion? {
        guard let call = self.calls.removeValue(forKey: id) else { return nil }
        return Completion(caller: call.caller, outcomes: call.outcomes.map { $0 ?? .unknown })
    }

    private mutating func resolve(_ outcomes: [(Token, PublishOutcome)]) -> [Completion] {
        var completions: [Completion] = []
        for (token, outcome) in outcomes {
            // A cancelled call is gone before the confirms of its messages arrive.
            guard let index = self.calls.index(forKey: token.call), self.calls.values[index].outcomes[token.index] == nil else { continue }
            self.calls.values[index].outcomes[token.index] = outcome
            self.calls.values[index].openCount -= 1
            guard self.calls.values[index].openCount == 0 else { continue }
            let call = self.calls.remove(at: index).value
            completions.append(Completion(caller: call.caller, outcomes: call.known))
        }
        return completions
    }

    /// Ends the calls whose deadline has passed, as far as they were not sent.
    mutating func expireCalls(now: Instant) -> [Completion] {
        guard let next = self.callDeadline, next <= now else { return [] }
        let expired = self.calls.filter { $0.value.deadline.map { $0 <= now } ?? false }.keys
        for id in expired { self.calls[id]?.deadline = nil }
        return expired.compactMap { self.dropPending(of: $0) }
    }

    /// The earliest deadline of a call.
    var callDeadline: Instant? { self.calls.values.lazy.compactMap { $0.deadline }.min() }

    // MARK: - Life

    /// Begins the graceful end: what was not sent will not be.
    mutating func stop(now: Instant) -> [Completion] {
        guard self.lifecycle.stop(now: now) else { return [] }
        defer { self.pending.removeAll() }
        return self.resolve(self.pending.map { ($0.token, .notSent) })
    }

    /// The session ended: no call is left.
    mutating func ended() -> [Completion] {
        for entry in self.pending { self.calls[entry.token.call]?.outcomes[entry.token.index] = .notSent }
        self.pending.removeAll()
        return self.calls.keys.compactMap { self.giveUp($0) }
    }

    /// A connection was made.
    /// - Returns: the requests to make first.
    mutating func opened() -> [BrokerMethod] {
        self.connection = .opening
        return self.request([.channelOpen, .confirmSelect] + self.topology.declarations)
    }

    /// The connection ended.
    mutating func lost() -> [Completion] {
        self.connection = .none
        self.isBlocked = false
        self.requestCount = 0
        return self.resolve(self.window.closeAll().map { ($0.token, $0.outcome) })
    }

    private mutating func request(_ methods: [BrokerMethod]) -> [BrokerMethod] {
        self.requestCount += methods.count
        return methods
    }

    // MARK: - Incoming

    mutating func receive(_ event: BrokerEvent, now: Instant) throws(AMQPError) -> Reaction {
        var reaction = Reaction()
        switch event {
        case .confirm(let number, let multiple, let confirmed):
            guard let settled = self.window.settle(number, multiple: multiple, confirmed: confirmed) else {
                throw AMQPError(.protocolViolation, replyText: "a confirm for a message that was not sent")
            }
            reaction.completions = self.resolve(settled.map { ($0.token, $0.outcome) })
        case .content(.returned(let method, let properties)):
            guard self.window.returned(messageID: properties.messageID, code: method.code, text: method.text) else {
                throw AMQPError(.protocolViolation, replyText: "a return of a message that was not sent")
            }
        case .content(.delivery), .cancelled:
            throw AMQPError(.protocolViolation, replyText: "a delivery without a consumer")
        case .blocked: self.isBlocked = true
        case .unblocked:
            self.isBlocked = false
            self.window.restartAges(now: now)
        case .answered:
            self.requestCount -= 1
            guard self.requestCount == 0, !self.isDeclared else { break }
            self.connection = .declared
            self.nextDeclaration = now + self.settings.redeclareInterval
            reaction.isDeclared = true
        case .channelClosed(let error), .connectionClosed(let error): throw error
        }
        return reaction
    }

    // MARK: - Outgoing

    /// Whether nothing is left to do: drained, or draining took too long.
    func isOver(now: Instant) -> Bool {
        guard let end = self.lifecycle.drainEnd else { return false }
        return self.window.isEmpty || now >= end
    }

    /// - Throws: ``AMQPError/Kind/timeout`` if a confirm is late.
    func checkConfirms(now: Instant) throws(AMQPError) {
        guard let deadline = self.confirmDeadline, deadline <= now else { return }
        throw AMQPError(.timeout, replyText: "a confirm did not arrive in time", classID: 60, methodID: 80)
    }

    /// When the oldest message will be late; nil while the broker blocks.
    private var confirmDeadline: Instant? {
        self.isBlocked ? nil : self.window.deadline(timeout: self.settings.confirmTimeout)
    }

    /// The requests that declare the topology again, when that is due.
    mutating func declarationsDue(now: Instant) -> [BrokerMethod] {
        guard self.isDeclared, !self.isBlocked, self.requestCount == 0, let next = self.nextDeclaration, next <= now else { return [] }
        self.nextDeclaration = now + self.settings.redeclareInterval
        return self.request(self.topology.declarations)
    }

    /// Whether there is a message to send and room in the window for it.
    var maySend: Bool {
        self.isDeclared && !self.isBlocked && !self.pending.isEmpty && self.window.count < self.settings.windowMessagesMax
    }

    /// The message to send next.
    var nextMessage: AMQPMessage? { self.maySend ? self.pending.first?.message : nil }

    /// The next message was written.
    mutating func sent(now: Instant) {
        let entry = self.pending.removeFirst()
        self.window.sent(entry.token, messageID: entry.message.mandatory ? entry.message.properties.messageID : nil, now: now)
    }

    /// The next message cannot be written.
    mutating func refused(_ error: AMQPError) -> [Completion] {
        self.resolve([(self.pending.removeFirst().token, .invalid(error))])
    }

    /// A burst was written.
    mutating func burstEnded(messages: Int, now: Instant) { self.pause.batchLeft(messages: messages, now: now) }

    /// When the present pause ends; nil if there is none.
    func pauseEnd(now: Instant) -> Instant? { self.pause.end(now: now, waiting: self.pending.count) }

    /// When there is something to do although nothing happens.
    var deadline: Instant? {
        // Closures here and above: in a generic type each use of a key path builds one at run time, which cost 15 % of the thread's work.
        [self.callDeadline, self.lifecycle.drainEnd, self.confirmDeadline].compactMap { $0 }.min()
    }
}
