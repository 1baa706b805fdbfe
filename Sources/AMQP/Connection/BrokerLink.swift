import CRabbitMQ
import SocketExecutor

/// What a session has to know about.
enum BrokerEvent {
    case content(ContentAssembler.Content)
    /// Confirms of published messages.
    case confirm(number: UInt64, multiple: Bool, confirmed: Bool)
    /// A request was answered.
    case answered(BrokerMethod)
    /// The broker ended the consumer.
    case cancelled
    case blocked(reason: String)
    case unblocked
    /// The broker closed the channel; it was told close-ok, and every request is dropped.
    case channelClosed(AMQPError)
}

/// One connection with its one channel: reads frames and makes events of them, sends requests one at a time, keeps the broker's block.
///
/// Not Sendable, like the handle inside: it lives and dies with one session, on that session's thread. Its functions do not wait for the
/// broker.
final class BrokerLink {
    typealias Instant = ContinuousClock.Instant

    /// How often a quiet connection is looked at, as a part of the heartbeat: heartbeats are sent and missed only inside calls of the
    /// library.
    private static let looksPerHeartbeat = 10
    private static let lookIntervalMax: Duration = .seconds(1)

    let handle: BrokerHandle
    private var assembler: ContentAssembler
    private var requests: RequestQueue
    private(set) var isBlocked = false
    private let lookInterval: Duration

    /// Connects and logs in; blocks the thread meanwhile.
    init(
        configuration: AMQPConfiguration, endpoint: AMQPEndpoint, watchdog: SendWatchdog, bodyBytesMax: Int
    ) throws(AMQPError) {
        self.handle = try BrokerHandle(configuration: configuration, endpoint: endpoint, watchdog: watchdog)
        self.assembler = ContentAssembler(bodyBytesMax: bodyBytesMax)
        self.requests = RequestQueue(timeout: configuration.rpcTimeout)
        let heartbeat = self.handle.heartbeat
        self.lookInterval = heartbeat > .zero ? min(heartbeat / Self.looksPerHeartbeat, Self.lookIntervalMax) : Self.lookIntervalMax
    }

    /// No request waits or is out.
    var isIdle: Bool { self.requests.isIdle }

    /// Until when a session may sleep if nothing happens.
    func wakeup(now: Instant) -> Instant {
        let look = now + self.lookInterval
        guard !self.isBlocked, let deadline = self.requests.deadline else { return look }
        return min(look, deadline)
    }

    /// Puts requests in line.
    func request(_ methods: [BrokerMethod]) { self.requests.append(methods) }

    /// Sends the request whose turn it is.
    /// - Throws: what sending came to, or ``AMQPError/Kind/timeout`` for the one that was not answered in time.
    func sendRequests(now: Instant) throws(AMQPError) {
        if let late = self.requests.expired(now: now, blocked: self.isBlocked) {
            throw AMQPError(.timeout, classID: UInt16(late.reply >> 16), methodID: UInt16((late.reply & 0xFFFF) - 1))
        }
        while let method = self.requests.next(now: now, blocked: self.isBlocked) { try self.handle.send(method) }
    }

    /// The next event, or nil when everything that has arrived is used up.
    func next(now: Instant) throws(AMQPError) -> BrokerEvent? {
        while let frame = try self.handle.nextFrame() {
            if let event = try self.receive(frame, now: now) { return event }
        }
        return nil
    }

    private func receive(_ frame: BrokerFrame, now: Instant) throws(AMQPError) -> BrokerEvent? {
        switch frame {
        case .heartbeat: return nil
        case .blocked(let reason):
            self.isBlocked = true
            return .blocked(reason: reason)
        case .unblocked:
            self.isBlocked = false
            self.requests.unblocked(now: now)
            return .unblocked
        case .connectionClose(let error):
            // Only a courtesy: the broker closes the socket in any case.
            if self.handle.canSend { try? self.handle.sendConnectionCloseOK() }
            throw error
        default: break
        }
        switch self.assembler.receive(frame) {
        case .more: return nil
        case .complete(let content): return .content(content)
        case .violation(let text): throw AMQPError(.protocolViolation, replyText: text)
        case .other: return try self.receiveMethod(frame)
        }
    }

    private func receiveMethod(_ frame: BrokerFrame) throws(AMQPError) -> BrokerEvent? {
        switch frame {
        case .ack(let tag, let multiple): return .confirm(number: tag, multiple: multiple, confirmed: true)
        case .nack(let tag, let multiple): return .confirm(number: tag, multiple: multiple, confirmed: false)
        case .cancel: return .cancelled
        case .channelClose(let error):
            try self.handle.sendChannelCloseOK()
            self.requests.removeAll()
            self.assembler.reset()
            return .channelClosed(error)
        case .reply(let number):
            guard let method = self.requests.answered(number) else {
                throw AMQPError(.protocolViolation, replyText: "an answer that nobody waits for")
            }
            return .answered(method)
        case .flow: throw AMQPError(.protocolViolation, replyText: "channel.flow, which RabbitMQ does not use")
        default: throw AMQPError(.protocolViolation, replyText: "a frame of no use here")
        }
    }

    /// Says goodbye, waits a little for the answer, and drops what comes meanwhile. Without a word if the broker reads nothing now.
    func close(on executor: SocketExecutor, within limit: Duration, isolation: isolated (any Actor)? = #isolation) async {
        let deadline = Instant.now + limit
        guard !self.isBlocked, self.handle.canSend else { return }
        do {
            try self.handle.sendConnectionClose()
            while .now < deadline {
                while let frame = try self.handle.nextFrame() {
                    switch frame {
                    // Any other answer is a late one: leaving then would reset the connection under what was just written.
                    case .reply(CRMQ_CONNECTION_CLOSE_OK), .connectionClose: return
                    default: continue
                    }
                }
                self.handle.release()
                if await executor.wait(for: .read, on: self.handle.descriptor, until: deadline) == .cancelled { return }
            }
        } catch {
            // The connection ended otherwise, which is what was wanted.
            return
        }
    }
}
