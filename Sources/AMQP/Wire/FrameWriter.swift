/// Encodes frames (AMQP 0-9-1, 4.2.3) into one buffer, so that everything a turn has to say leaves in one send.
///
/// A frame is either written whole or not at all: after an error the buffer holds what it held before.
struct FrameWriter {
    private static let frameEnd: UInt8 = 0xCE
    /// Kind, channel and length before the payload, the end octet after it.
    private static let frameOverheadBytes = 8
    private static let shortStringBytesMax = 255
    /// A larger buffer is freed after it was sent: one large message must not cost memory until the connection ends.
    private static let retainedBytesMax = 1_048_576

    private enum Kind: UInt8 {
        case method = 1
        case header = 2
        case body = 3
    }

    /// Whether an encoded text or frame is too long.
    private struct TooLong: Error {}

    /// The frames that were written since ``removeAll()``.
    private(set) var bytes: [UInt8] = []
    private let frameBytesMax: Int

    /// - Parameter frameBytesMax: what was negotiated with the broker.
    init(frameBytesMax: Int) { self.frameBytesMax = frameBytesMax }

    /// Forgets the frames, which have been sent.
    mutating func removeAll() {
        self.bytes.removeAll(keepingCapacity: self.bytes.capacity <= Self.retainedBytesMax)
    }

    /// Writes a request.
    /// - Throws: ``AMQPError/Kind/invalidConfiguration`` if a name has more than 255 bytes or the arguments do not fit a frame.
    mutating func write(_ request: BrokerMethod) throws(AMQPError) {
        var arguments: [UInt8] = []
        if case .queueDeclare(let queue) = request { arguments = try queue.arguments.checkedContent() }
        do throws(TooLong) {
            try self.whole { (writer) throws(TooLong) in
                try writer.frame(.method) { (writer) throws(TooLong) in try writer.method(request, arguments) }
            }
        } catch {
            throw AMQPError(.invalidConfiguration, replyText: "a name has more than 255 bytes, or arguments do not fit a frame")
        }
    }

    /// Writes basic.publish, the content header and the body.
    /// - Throws: ``AMQPError/Kind/invalidMessage`` if a text has more than 255 bytes or the properties do not fit a frame.
    mutating func write(_ message: AMQPMessage) throws(AMQPError) {
        let headers = try message.properties.headers?.checkedContent()
        do throws(TooLong) {
            try self.whole { (writer) throws(TooLong) in
                try writer.frame(.method) { (writer) throws(TooLong) in
                    writer.method(60, 40)
                    writer.integer(UInt16(0))
                    try writer.shortString(message.exchange)
                    try writer.shortString(message.routingKey)
                    writer.bits(message.mandatory)
                }
                try writer.frame(.header) { (writer) throws(TooLong) in
                    // Class basic, weight 0.
                    writer.integer(UInt16(60))
                    writer.integer(UInt16(0))
                    writer.integer(UInt64(message.body.count))
                    try writer.properties(message.properties, headers)
                }
                try writer.body(message.body)
            }
        } catch {
            throw AMQPError(.invalidMessage, replyText: "a text has more than 255 bytes, or properties do not fit a frame")
        }
    }

    /// Writes basic.ack.
    mutating func write(_ ack: AckLedger.Ack) {
        self.fixed { writer in
            writer.method(60, 80)
            writer.integer(ack.number)
            writer.bits(ack.multiple)
        }
    }

    /// Writes channel.close-ok.
    mutating func writeChannelCloseOK() { self.fixed { $0.method(20, 41) } }

    /// Writes connection.close.
    mutating func writeConnectionClose() { self.fixed(channel: 0) { $0.close(10, 50) } }

    /// Writes connection.close-ok.
    mutating func writeConnectionCloseOK() { self.fixed(channel: 0) { $0.method(10, 51) } }

    // MARK: - Methods

    private mutating func method(_ request: BrokerMethod, _ arguments: [UInt8]) throws(TooLong) {
        switch request {
        case .channelOpen:
            self.method(20, 10)
            try self.shortString("")
        case .channelClose:
            self.close(20, 40)
        case .confirmSelect:
            self.method(85, 10)
            self.bits()
        case .qos(let messages):
            self.method(60, 10)
            self.integer(UInt32(0))
            self.integer(messages)
            // Not global: the limit counts for each consumer.
            self.bits()
        case .exchangeDeclare(let exchange):
            self.method(40, 10)
            self.integer(UInt16(0))
            try self.shortString(exchange.name)
            try self.shortString(exchange.kind.rawValue)
            // passive, durable, auto-delete
            self.bits(false, exchange.durable, exchange.autoDelete)
            self.table(arguments)
        case .queueDeclare(let queue):
            self.method(50, 10)
            self.integer(UInt16(0))
            try self.shortString(queue.name)
            // passive, durable, exclusive, auto-delete
            self.bits(false, queue.durable, queue.exclusive, queue.autoDelete)
            self.table(arguments)
        case .queueBind(let binding):
            self.method(50, 20)
            self.integer(UInt16(0))
            try self.shortString(binding.queue)
            try self.shortString(binding.exchange)
            try self.shortString(binding.routingKey)
            self.bits()
            self.table(arguments)
        case .consume(let queue, let consumerTag):
            self.method(60, 20)
            self.integer(UInt16(0))
            try self.shortString(queue)
            try self.shortString(consumerTag)
            // no-local, no-ack, exclusive
            self.bits(false, false, false)
            self.table(arguments)
        case .cancel(let consumerTag):
            self.method(60, 30)
            try self.shortString(consumerTag)
            self.bits()
        case .get(let queue):
            self.method(60, 70)
            self.integer(UInt16(0))
            try self.shortString(queue)
            // no-ack
            self.bits(false)
        }
    }

    private mutating func method(_ classID: UInt16, _ methodID: UInt16) {
        self.integer(classID)
        self.integer(methodID)
    }

    /// A close by this side: reply code 200, no text, no method that caused it.
    private mutating func close(_ classID: UInt16, _ methodID: UInt16) {
        self.method(classID, methodID)
        self.integer(UInt16(200))
        self.bytes.append(0)
        self.integer(UInt32(0))
    }

    // MARK: - Content

    /// The flags, then each property that is set, in the order of the flags from the highest (AMQP 0-9-1, 4.2.6.1).
    private mutating func properties(_ properties: AMQPProperties, _ headers: [UInt8]?) throws(TooLong) {
        let flagsAt = self.bytes.count
        self.integer(UInt16(0))
        var flags: UInt16 = 0
        try self.text(properties.contentType, 15, &flags)
        try self.text(properties.contentEncoding, 14, &flags)
        if let headers {
            flags |= 1 << 13
            self.table(headers)
        }
        self.number(properties.persistent.map { UInt8($0 ? 2 : 1) }, 12, &flags)
        self.number(properties.priority, 11, &flags)
        try self.text(properties.correlationID, 10, &flags)
        try self.text(properties.replyTo, 9, &flags)
        try self.text(properties.expiration, 8, &flags)
        try self.text(properties.messageID, 7, &flags)
        self.number(properties.timestamp, 6, &flags)
        try self.text(properties.type, 5, &flags)
        try self.text(properties.userID, 4, &flags)
        try self.text(properties.appID, 3, &flags)
        self.bytes[flagsAt] = UInt8(flags >> 8)
        self.bytes[flagsAt + 1] = UInt8(flags & 0xFF)
    }

    private mutating func text(_ text: String?, _ flag: Int, _ flags: inout UInt16) throws(TooLong) {
        guard let text else { return }
        flags |= 1 << flag
        try self.shortString(text)
    }

    private mutating func number(_ value: (some FixedWidthInteger)?, _ flag: Int, _ flags: inout UInt16) {
        guard let value else { return }
        flags |= 1 << flag
        self.integer(value)
    }

    private mutating func body(_ body: [UInt8]) throws(TooLong) {
        var rest = body[...]
        while !rest.isEmpty {
            let part = rest.prefix(self.frameBytesMax - Self.frameOverheadBytes)
            try self.frame(.body) { writer in writer.bytes += part }
            rest = rest.dropFirst(part.count)
        }
    }

    // MARK: - Frames

    /// Takes back what `content` wrote if it fails.
    private mutating func whole(_ content: (inout FrameWriter) throws(TooLong) -> Void) throws(TooLong) {
        let start = self.bytes.count
        do throws(TooLong) {
            try content(&self)
        } catch {
            self.bytes.removeSubrange(start...)
            throw error
        }
    }

    private mutating func frame(
        _ kind: Kind, channel: UInt16 = 1, _ payload: (inout FrameWriter) throws(TooLong) -> Void
    ) throws(TooLong) {
        let start = self.bytes.count
        self.open(kind, channel)
        try payload(&self)
        self.close(frameAt: start)
        guard self.bytes.count - start <= self.frameBytesMax else { throw TooLong() }
    }

    /// A method frame that is short whatever its arguments are.
    private mutating func fixed(channel: UInt16 = 1, _ payload: (inout FrameWriter) -> Void) {
        let start = self.bytes.count
        self.open(.method, channel)
        payload(&self)
        self.close(frameAt: start)
    }

    private mutating func open(_ kind: Kind, _ channel: UInt16) {
        self.bytes.append(kind.rawValue)
        self.integer(channel)
        self.integer(UInt32(0))
    }

    /// Ends the frame that begins at `start` and fills in its length.
    private mutating func close(frameAt start: Int) {
        let length = UInt32(clamping: self.bytes.count - start - (Self.frameOverheadBytes - 1))
        for place in 0..<4 { self.bytes[start + 3 + place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * place)) }
        self.bytes.append(Self.frameEnd)
    }

    // MARK: - Values

    private mutating func integer(_ value: some FixedWidthInteger) { self.bytes.append(bigEndian: value) }

    private mutating func shortString(_ text: String) throws(TooLong) {
        let utf8 = text.utf8
        guard utf8.count <= Self.shortStringBytesMax else { throw TooLong() }
        self.bytes.append(UInt8(utf8.count))
        self.bytes += utf8
    }

    private mutating func table(_ content: [UInt8]) {
        // Longer than any frame; the frame is refused then.
        self.integer(UInt32(clamping: content.count))
        self.bytes += content
    }

    /// Packs bits into one octet, the first into the lowest.
    private mutating func bits(_ values: Bool...) {
        self.bytes.append(values.reversed().reduce(0) { $0 << 1 | ($1 ? 1 : 0) })
    }
}

extension [UInt8] {
    /// Appends the bytes of an integer, the highest first.
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { self.append(contentsOf: $0) }
    }
}
