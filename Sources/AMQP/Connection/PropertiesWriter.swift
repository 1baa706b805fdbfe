import CRabbitMQ

/// Lays a message's texts end to end in one buffer, which is used again for the next message, so that one C call can point into it.
struct PropertiesWriter {
    /// Where each text lies.
    private struct Layout {
        var exchange = 0..<0
        var routingKey = 0..<0
        var headers = 0..<0
        var contentType = 0..<0
        var contentEncoding = 0..<0
        var correlationID = 0..<0
        var replyTo = 0..<0
        var expiration = 0..<0
        var messageID = 0..<0
        var type = 0..<0
        var userID = 0..<0
        var appID = 0..<0
    }

    private var scratch: [UInt8] = []
    private var layout = Layout()
    private var has: UInt32 = 0
    private var deliveryMode: UInt8 = 0
    private var priority: UInt8 = 0
    private var timestamp: UInt64 = 0

    /// - Throws: ``AMQPError/Kind/invalidMessage`` if the headers cannot be written.
    mutating func prepare(_ message: AMQPMessage) throws(AMQPError) {
        let properties = message.properties
        self.scratch.removeAll(keepingCapacity: true)
        self.has = 0
        self.layout = Layout(
            exchange: self.put(message.exchange.utf8),
            routingKey: self.put(message.routingKey.utf8),
            headers: try self.put(properties.headers),
            contentType: self.put(properties.contentType, CRMQ_HAS_CONTENT_TYPE),
            contentEncoding: self.put(properties.contentEncoding, CRMQ_HAS_CONTENT_ENCODING),
            correlationID: self.put(properties.correlationID, CRMQ_HAS_CORRELATION_ID),
            replyTo: self.put(properties.replyTo, CRMQ_HAS_REPLY_TO),
            expiration: self.put(properties.expiration, CRMQ_HAS_EXPIRATION),
            messageID: self.put(properties.messageID, CRMQ_HAS_MESSAGE_ID),
            type: self.put(properties.type, CRMQ_HAS_TYPE),
            userID: self.put(properties.userID, CRMQ_HAS_USER_ID),
            appID: self.put(properties.appID, CRMQ_HAS_APP_ID)
        )
        self.deliveryMode = self.number(properties.persistent.map { $0 ? 2 : 1 }, CRMQ_HAS_DELIVERY_MODE)
        self.priority = self.number(properties.priority, CRMQ_HAS_PRIORITY)
        self.timestamp = self.number(properties.timestamp, CRMQ_HAS_TIMESTAMP)
    }

    /// Exchange, routing key and properties of the prepared message, for one C call; do not let them out of the closure.
    func withPrepared<Result>(_ body: (crmq_bytes, crmq_bytes, UnsafePointer<crmq_properties>) -> Result) -> Result {
        self.scratch.withUnsafeBufferPointer { scratch in
            func slice(_ range: Range<Int>) -> crmq_bytes {
                crmq_bytes(bytes: scratch.baseAddress.map { $0 + range.lowerBound }, length: range.count)
            }
            let layout = self.layout
            var properties = crmq_properties(
                has: self.has, content_type: slice(layout.contentType), content_encoding: slice(layout.contentEncoding),
                headers: slice(layout.headers), delivery_mode: self.deliveryMode, priority: self.priority,
                correlation_id: slice(layout.correlationID), reply_to: slice(layout.replyTo), expiration: slice(layout.expiration),
                message_id: slice(layout.messageID), timestamp: self.timestamp, type: slice(layout.type), user_id: slice(layout.userID),
                app_id: slice(layout.appID)
            )
            return body(slice(layout.exchange), slice(layout.routingKey), &properties)
        }
    }

    private mutating func put(_ bytes: some Collection<UInt8>) -> Range<Int> {
        let start = self.scratch.count
        self.scratch += bytes
        return start..<self.scratch.count
    }

    private mutating func put(_ text: String?, _ flag: Int) -> Range<Int> {
        guard let text else { return 0..<0 }
        self.has |= UInt32(flag)
        return self.put(text.utf8)
    }

    private mutating func put(_ headers: AMQPTable?) throws(AMQPError) -> Range<Int> {
        guard let headers else { return 0..<0 }
        self.has |= UInt32(CRMQ_HAS_HEADERS)
        return self.put(try headers.wireBytes())
    }

    private mutating func number<Value: FixedWidthInteger>(_ value: Value?, _ flag: Int) -> Value {
        guard let value else { return 0 }
        self.has |= UInt32(flag)
        return value
    }
}
