import CRabbitMQ
import Testing

@testable import AMQP

/// Sent frames, byte by byte, without a socket.
@Suite struct FrameWriterTests {
    private func written(_ request: BrokerMethod) throws -> [UInt8] {
        var writer = FrameWriter(frameBytesMax: 4096)
        try writer.write(request)
        return writer.bytes
    }

    @Test func `each request has the bytes of the specification`() throws {
        let name = Wire.short("n")
        #expect(try self.written(.channelOpen) == Wire.method(0x0014_000A, [0]))
        #expect(try self.written(.channelClose) == Wire.method(CRMQ_CHANNEL_CLOSE, [0, 200, 0, 0, 0, 0, 0]))
        #expect(try self.written(.confirmSelect) == Wire.method(0x0055_000A, [0]))
        #expect(try self.written(.qos(prefetchMessages: 0x0102)) == Wire.method(0x003C_000A, [0, 0, 0, 0, 1, 2, 0]))
        #expect(
            try self.written(.exchangeDeclare(.init(name: "n", kind: .topic, durable: true, autoDelete: true)))
                == Wire.method(0x0028_000A, [0, 0] + name + Wire.short("topic") + [0b110, 0, 0, 0, 0]))
        #expect(
            try self.written(.queueDeclare(.init(name: "n", durable: true, exclusive: false, autoDelete: true, arguments: ["a": true])))
                == Wire.method(0x0032_000A, [0, 0] + name + [0b1010, 0, 0, 0, 4, 1, 0x61, 0x74, 1]))
        #expect(
            try self.written(.queueDeclare(.init(name: "n", durable: false, exclusive: true)))
                == Wire.method(0x0032_000A, [0, 0] + name + [0b100, 0, 0, 0, 0]))
        #expect(
            try self.written(.queueBind(.init(queue: "n", exchange: "e", routingKey: "ção")))
                == Wire.method(0x0032_0014, [0, 0] + name + Wire.short("e") + Wire.short("ção") + [0, 0, 0, 0, 0]))
        #expect(
            try self.written(.consume(queue: "n", consumerTag: "t"))
                == Wire.method(0x003C_0014, [0, 0] + name + Wire.short("t") + [0, 0, 0, 0, 0]))
        #expect(try self.written(.cancel(consumerTag: "n")) == Wire.method(CRMQ_BASIC_CANCEL, name + [0]))
    }

    @Test func `acknowledgements and closes have the bytes of the specification`() {
        var writer = FrameWriter(frameBytesMax: 4096)
        writer.write(AckLedger.Ack(number: 258, multiple: true))
        writer.write(AckLedger.Ack(number: 1, multiple: false))
        writer.writeChannelCloseOK()
        writer.writeConnectionClose()
        writer.writeConnectionCloseOK()
        #expect(
            writer.bytes
                == Wire.method(CRMQ_BASIC_ACK, [0, 0, 0, 0, 0, 0, 1, 2, 1]) + Wire.method(CRMQ_BASIC_ACK, [0, 0, 0, 0, 0, 0, 0, 1, 0])
                + Wire.method(CRMQ_CHANNEL_CLOSE_OK, []) + Wire.method(CRMQ_CONNECTION_CLOSE, [0, 200, 0, 0, 0, 0, 0], channel: 0)
                + Wire.method(CRMQ_CONNECTION_CLOSE_OK, [], channel: 0))
    }

    private static var everything: AMQPProperties {
        var properties = AMQPProperties()
        properties.contentType = "text/plain"
        properties.contentEncoding = "identity"
        properties.headers = ["a": .table(["b": .array(["c", .void])]), "n": .int64(-7)]
        properties.persistent = true
        properties.priority = 3
        properties.correlationID = "correlation"
        properties.replyTo = "reply"
        properties.expiration = "60000"
        properties.messageID = "id"
        properties.timestamp = 1_900_000_000
        properties.type = "type"
        properties.userID = "user"
        properties.appID = "app"
        return properties
    }

    /// The decoder of the C library reads the header that this writes.
    @Test(arguments: [AMQPProperties(), everything]) func `a message is its method, its header and its body`(_ properties: AMQPProperties)
        throws
    {
        var writer = FrameWriter(frameBytesMax: Decoder.frameBytesMax)
        try writer.write(AMQPMessage(exchange: "ex", routingKey: "chave.ção", mandatory: true, properties: properties, body: [1, 2, 3]))
        let method = Wire.method(0x003C_0028, [0, 0] + Wire.short("ex") + Wire.short("chave.ção") + [1])
        #expect(writer.bytes.starts(with: method))
        var decoder = try Decoder()
        #expect(try decoder.feed(Array(writer.bytes.dropFirst(method.count))) == [.header(bodyBytes: 3, properties), .body([1, 2, 3])])
    }

    @Test func `an empty body has no frame`() throws {
        var writer = FrameWriter(frameBytesMax: Decoder.frameBytesMax)
        try writer.write(AMQPMessage(exchange: "", routingKey: "q", mandatory: false, properties: AMQPProperties(), body: []))
        let method = Wire.method(0x003C_0028, [0, 0, 0] + Wire.short("q") + [0])
        var decoder = try Decoder()
        #expect(writer.bytes.starts(with: method))
        #expect(try decoder.feed(Array(writer.bytes.dropFirst(method.count))) == [.header(bodyBytes: 0, AMQPProperties())])
    }

    @Test(arguments: [1, 87, 88, 89, 176, 177]) func `a body is cut at the frame size`(count: Int) throws {
        // 88 bytes of payload: the rest is the frame's own.
        var writer = FrameWriter(frameBytesMax: 96)
        let body = (0..<count).map { UInt8($0) }
        try writer.write(AMQPMessage(exchange: "", routingKey: "q", properties: AMQPProperties(), body: body))
        var decoder = try Decoder()
        let method = Wire.method(0x003C_0028, [0, 0, 0] + Wire.short("q") + [1])
        var parts: [[UInt8]] = []
        for case .body(let part) in try decoder.feed(Array(writer.bytes.dropFirst(method.count))) { parts.append(part) }
        #expect(parts.map(\.count).max() == min(count, 88))
        #expect(Array(parts.joined()) == body)
    }

    @Test func `what cannot be written leaves nothing behind`() throws {
        var writer = FrameWriter(frameBytesMax: 4096)
        let long = String(repeating: "x", count: 256)
        var wordy = AMQPProperties()
        wordy.correlationID = long
        var headed = AMQPProperties()
        headed.headers = ["large": .bytes(Array(repeating: 7, count: 4096))]
        var named = AMQPProperties()
        named.headers = [long: true]
        try writer.write(.channelOpen)
        let before = writer.bytes
        for properties in [wordy, headed, named] {
            #expect(throws: AMQPError.self) {
                try writer.write(AMQPMessage(exchange: "e", routingKey: "k", properties: properties, body: [1]))
            }
            #expect(writer.bytes == before)
        }
        for (exchange, key) in [(long, "k"), ("e", long)] {
            #expect(throws: AMQPError.self) {
                try writer.write(AMQPMessage(exchange: exchange, routingKey: key, properties: AMQPProperties(), body: []))
            }
        }
        #expect(throws: AMQPError.self) { try writer.write(.queueDeclare(.init(name: long))) }
        #expect(throws: AMQPError.self) {
            try writer.write(.queueDeclare(.init(name: "q", arguments: ["large": .bytes(Array(repeating: 7, count: 4096))])))
        }
        #expect(writer.bytes == before)
        // The limits themselves are allowed.
        var full = AMQPProperties()
        full.messageID = String(repeating: "x", count: 255)
        #expect(throws: Never.self) { try writer.write(AMQPMessage(exchange: "e", routingKey: "k", properties: full, body: [])) }
    }
}
