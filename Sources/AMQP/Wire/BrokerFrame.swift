import CRabbitMQ

/// A frame from the broker, copied out of the C library's buffers.
enum BrokerFrame: Equatable {
    case deliver(DeliverMethod)
    case returned(ReturnMethod)
    case header(bodyBytes: UInt64, AMQPProperties)
    case body([UInt8])
    case ack(tag: UInt64, multiple: Bool)
    case nack(tag: UInt64, multiple: Bool)
    /// The broker ended a consumer.
    case cancel
    case blocked(reason: String)
    case unblocked
    case channelClose(AMQPError)
    case connectionClose(AMQPError)
    /// channel.flow, which RabbitMQ has not sent since 2.8.
    case flow
    /// Another method, by its number (class << 16 | method): the answer to a request.
    case reply(Int)
    case heartbeat
}

struct DeliverMethod: Equatable {
    var number: UInt64
    var redelivered: Bool
    var exchange: String
    var routingKey: String
    /// In the answer to basic.get: the messages left in the queue.
    var messagesLeft: UInt32?
}

struct ReturnMethod: Equatable {
    var code: UInt16
    var text: String
}

extension BrokerFrame {
    /// Copies a C frame.
    /// - Throws: ``AMQPError/Kind/protocolViolation`` if its channel is not open.
    init(_ frame: crmq_frame) throws(AMQPError) {
        let onMessageChannel = frame.channel == 1
        switch Int32(frame.kind) {
        case Int32(CRMQ_FRAME_HEARTBEAT): self = .heartbeat
        case Int32(CRMQ_FRAME_HEADER) where onMessageChannel:
            self = .header(bodyBytes: frame.body_size, AMQPProperties(frame.properties))
        case Int32(CRMQ_FRAME_BODY) where onMessageChannel: self = .body([UInt8](frame.body))
        case Int32(CRMQ_FRAME_METHOD) where onMessageChannel: self = Self.channelMethod(frame)
        case Int32(CRMQ_FRAME_METHOD) where frame.channel == 0: self = Self.connectionMethod(frame)
        default: throw AMQPError(.protocolViolation, replyText: "a frame on a channel that is not open")
        }
    }

    private static func channelMethod(_ frame: crmq_frame) -> BrokerFrame {
        switch Int(frame.method) {
        case CRMQ_BASIC_DELIVER:
            .deliver(
                DeliverMethod(
                    number: frame.delivery_tag, redelivered: frame.flag, exchange: String(frame.exchange),
                    routingKey: String(frame.routing_key)))
        case CRMQ_BASIC_GET_OK:
            .deliver(
                DeliverMethod(
                    number: frame.delivery_tag, redelivered: frame.flag, exchange: String(frame.exchange),
                    routingKey: String(frame.routing_key), messagesLeft: frame.message_count))
        case CRMQ_BASIC_RETURN: .returned(ReturnMethod(code: frame.reply_code, text: String(frame.text)))
        case CRMQ_BASIC_ACK: .ack(tag: frame.delivery_tag, multiple: frame.flag)
        case CRMQ_BASIC_NACK: .nack(tag: frame.delivery_tag, multiple: frame.flag)
        case CRMQ_BASIC_CANCEL: .cancel
        case CRMQ_CHANNEL_CLOSE: .channelClose(AMQPError(.channelClosed, frame))
        case CRMQ_CHANNEL_FLOW: .flow
        default: .reply(Int(frame.method))
        }
    }

    private static func connectionMethod(_ frame: crmq_frame) -> BrokerFrame {
        switch Int(frame.method) {
        case CRMQ_CONNECTION_BLOCKED: .blocked(reason: String(frame.text))
        case CRMQ_CONNECTION_UNBLOCKED: .unblocked
        case CRMQ_CONNECTION_CLOSE: .connectionClose(AMQPError(.connectionClosed, frame))
        default: .reply(Int(frame.method))
        }
    }
}

extension AMQPError {
    /// The reason in a channel.close or connection.close.
    init(_ kind: Kind, _ close: crmq_frame) {
        self.init(
            kind, replyCode: close.reply_code, replyText: String(close.text), classID: close.class_id, methodID: close.method_id)
    }
}

extension AMQPProperties {
    /// Copies C properties.
    fileprivate init(_ properties: crmq_properties) {
        self.init()
        func has(_ flag: Int) -> Bool { properties.has & UInt32(flag) != 0 }
        if has(CRMQ_HAS_CONTENT_TYPE) { self.contentType = String(properties.content_type) }
        if has(CRMQ_HAS_CONTENT_ENCODING) { self.contentEncoding = String(properties.content_encoding) }
        // RabbitMQ decodes every table and refuses what it cannot decode, so no table is lost here.
        if has(CRMQ_HAS_HEADERS) { self.headers = AMQPTable(wireBytes: [UInt8](properties.headers)) }
        if has(CRMQ_HAS_DELIVERY_MODE) { self.persistent = properties.delivery_mode == 2 }
        if has(CRMQ_HAS_PRIORITY) { self.priority = properties.priority }
        if has(CRMQ_HAS_CORRELATION_ID) { self.correlationID = String(properties.correlation_id) }
        if has(CRMQ_HAS_REPLY_TO) { self.replyTo = String(properties.reply_to) }
        if has(CRMQ_HAS_EXPIRATION) { self.expiration = String(properties.expiration) }
        if has(CRMQ_HAS_MESSAGE_ID) { self.messageID = String(properties.message_id) }
        if has(CRMQ_HAS_TIMESTAMP) { self.timestamp = properties.timestamp }
        if has(CRMQ_HAS_TYPE) { self.type = String(properties.type) }
        if has(CRMQ_HAS_USER_ID) { self.userID = String(properties.user_id) }
        if has(CRMQ_HAS_APP_ID) { self.appID = String(properties.app_id) }
    }
}

extension String {
    /// Copies; bytes that are not UTF-8 become U+FFFD.
    fileprivate init(_ bytes: crmq_bytes) {
        self.init(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.length), as: UTF8.self)
    }
}

extension [UInt8] {
    /// Copies.
    fileprivate init(_ bytes: crmq_bytes) {
        self.init(UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.length))
    }
}
