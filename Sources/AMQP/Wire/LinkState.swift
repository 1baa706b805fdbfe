import CRabbitMQ

/// What a frame means for a session.
enum BrokerEvent: Equatable {
    case content(ContentAssembler.Content)
    /// The broker settled a published message, or all up to it.
    case confirm(number: UInt64, multiple: Bool, confirmed: Bool)
    /// A request was answered.
    case answered(BrokerMethod)
    /// The broker ended the consumer.
    case cancelled
    case blocked(reason: String)
    case unblocked
    /// The broker closed the channel. close-ok is written, and every request is dropped.
    case channelClosed(AMQPError)
    /// The broker closed the connection. close-ok is written.
    case connectionClosed(AMQPError)
}

/// The protocol of one connection with one channel, without I/O: it turns frames into events, and requests and messages into bytes.
struct LinkState {
    typealias Instant = ContinuousClock.Instant

    private var assembler: ContentAssembler
    private var requests: RequestQueue
    private(set) var isBlocked = false
    /// What is to be sent.
    var output: FrameWriter

    init(bodyBytesMax: Int, frameBytesMax: Int, requestTimeout: Duration) {
        self.assembler = ContentAssembler(bodyBytesMax: bodyBytesMax)
        self.requests = RequestQueue(timeout: requestTimeout)
        self.output = FrameWriter(frameBytesMax: frameBytesMax)
    }

    /// When the request that is out fails.
    var requestDeadline: Instant? { self.isBlocked ? nil : self.requests.deadline }

    /// Queues requests.
    mutating func request(_ methods: [BrokerMethod]) { self.requests.append(methods) }

    /// Writes the request whose turn it is.
    /// - Throws: ``AMQPError/Kind/timeout`` if a request was not answered in time, ``AMQPError/Kind/invalidConfiguration`` if the next one
    ///   cannot be written.
    mutating func writeRequests(now: Instant) throws(AMQPError) {
        if let late = self.requests.expired(now: now, blocked: self.isBlocked) {
            throw AMQPError(.timeout, classID: UInt16(late.reply >> 16), methodID: UInt16((late.reply & 0xFFFF) - 1))
        }
        while let method = self.requests.next(now: now, blocked: self.isBlocked) { try self.output.write(method) }
    }

    /// Accepts the next frame.
    /// - Returns: nil if the frame means nothing yet.
    /// - Throws: ``AMQPError/Kind/protocolViolation`` if the frame is not allowed here.
    mutating func receive(_ frame: BrokerFrame, now: Instant) throws(AMQPError) -> BrokerEvent? {
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
            self.output.removeAll()
            self.output.writeConnectionCloseOK()
            return .connectionClosed(error)
        default: break
        }
        switch self.assembler.receive(frame) {
        case .more: return nil
        case .complete(let content):
            if case .delivery(let method, _, _, _) = content, method.messagesLeft != nil { try self.finishGet() }
            return .content(content)
        case .violation(let text): throw AMQPError(.protocolViolation, replyText: text)
        case .other: return try self.receiveMethod(frame)
        }
    }

    /// A message answers a `get` in place of its method.
    private mutating func finishGet() throws(AMQPError) {
        guard case .get? = self.requests.answered(CRMQ_BASIC_GET_EMPTY) else {
            throw AMQPError(.protocolViolation, replyText: "a message that was not asked for")
        }
    }

    private mutating func receiveMethod(_ frame: BrokerFrame) throws(AMQPError) -> BrokerEvent {
        switch frame {
        case .ack(let tag, let multiple): return .confirm(number: tag, multiple: multiple, confirmed: true)
        case .nack(let tag, let multiple): return .confirm(number: tag, multiple: multiple, confirmed: false)
        case .cancel: return .cancelled
        case .channelClose(let error):
            self.output.writeChannelCloseOK()
            self.requests.removeAll()
            self.assembler.reset()
            return .channelClosed(error)
        case .reply(let number):
            guard let method = self.requests.answered(number) else {
                throw AMQPError(.protocolViolation, replyText: "an answer without a request")
            }
            return .answered(method)
        case .flow: throw AMQPError(.protocolViolation, replyText: "channel.flow, which RabbitMQ does not use")
        default: throw AMQPError(.protocolViolation, replyText: "a method that has no use here")
        }
    }
}
