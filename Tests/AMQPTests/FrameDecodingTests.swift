import CRabbitMQ
import SeededRandom
import SocketExecutor
import Testing

@testable import AMQP

/// Received frames, byte by byte, without a socket.
struct FrameDecodingTests {
    @Test func `decodes a delivery in pieces of any size`() throws {
        let headers: AMQPTable = ["a": .table(["b": .array(["c", .void])]), "raw": .longString([0xFF])]
        let stream =
            Wire.deliver(number: 7, redelivered: true, exchange: "ex", routingKey: "chave.ção")
            + Wire.header(bodyBytes: 5, headers: headers, contentType: "text/plain", messageID: "id-1")
            + Wire.heartbeat + Wire.frame(3, channel: 1, [1, 2]) + Wire.frame(3, channel: 1, [3, 4, 5])
        var properties = AMQPProperties()
        properties.contentType = "text/plain"
        properties.messageID = "id-1"
        properties.headers = headers
        let expected: [BrokerFrame] = [
            .deliver(DeliverMethod(number: 7, redelivered: true, exchange: "ex", routingKey: "chave.ção")),
            .header(bodyBytes: 5, properties), .heartbeat, .body([1, 2]), .body([3, 4, 5]),
        ]
        for size in [1, 2, 3, 7, 8, 64, stream.count] {
            var decoder = try Decoder()
            var frames: [BrokerFrame] = []
            var rest = stream[...]
            while !rest.isEmpty {
                frames += try decoder.feed(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(frames == expected, "pieces of \(size)")
        }
    }

    @Test func `decodes confirms and closes`() throws {
        var decoder = try Decoder()
        let stream =
            Wire.method(CRMQ_BASIC_ACK, UInt64(9).wire + [1]) + Wire.method(CRMQ_BASIC_NACK, UInt64(3).wire + [0])
            + Wire.method(CRMQ_CHANNEL_CLOSE, UInt16(404).wire + Wire.short("gone") + UInt16(60).wire + UInt16(40).wire)
            + Wire.method(CRMQ_CONNECTION_BLOCKED, Wire.short("low on memory"), channel: 0)
            + Wire.method(CRMQ_CONNECTION_UNBLOCKED, [], channel: 0)
            + Wire.method(CRMQ_BASIC_CANCEL, Wire.short("tag") + [1])
            + Wire.method(CRMQ_BASIC_RETURN, UInt16(312).wire + Wire.short("NO_ROUTE") + Wire.short("ex") + Wire.short("key"))
            + Wire.method(CRMQ_CONFIRM_SELECT_OK, [])
            + Wire.method(CRMQ_CONNECTION_CLOSE, UInt16(320).wire + Wire.short("bye") + UInt16(0).wire + UInt16(0).wire, channel: 0)
        #expect(
            try decoder.feed(stream) == [
                .ack(tag: 9, multiple: true), .nack(tag: 3, multiple: false),
                .channelClose(AMQPError(.channelClosed, replyCode: 404, replyText: "gone", classID: 60, methodID: 40)),
                .blocked(reason: "low on memory"), .unblocked, .cancel, .returned(ReturnMethod(code: 312, text: "NO_ROUTE")),
                .reply(CRMQ_CONFIRM_SELECT_OK), .connectionClose(AMQPError(.connectionClosed, replyCode: 320, replyText: "bye")),
            ])
    }

    @Test func `refuses frames that are not allowed`() throws {
        let tooLong = [UInt8](repeating: 0, count: Decoder.frameBytesMax)
        let bad: [[UInt8]] = [
            Wire.frame(3, channel: 1, tooLong),
            Wire.frame(3, channel: 2, [1]),
            Wire.frame(3, channel: 0, [1]),
            Wire.method(CRMQ_BASIC_ACK, UInt64(9).wire + [1], channel: 2),
            Wire.method(0x0BAD_0BAD, []),
            Wire.method(CRMQ_BASIC_ACK, [1]),
            Wire.method(CRMQ_BASIC_DELIVER, [200, 1, 2]),
            Wire.frame(1, channel: 1, [0, 60]),
            Wire.frame(2, channel: 1, [0, 60, 0, 0, 0, 0]),
            // A header of class queue.
            Wire.frame(2, channel: 1, [0, 50] + [UInt8](repeating: 0, count: 12)),
            Wire.frame(3, channel: 1, [1]).dropLast() + [0],
        ]
        for bytes in bad {
            var decoder = try Decoder()
            #expect(throws: AMQPError.self, "\(bytes.prefix(20))") { try decoder.feed(bytes) }
        }
    }

    @Test func `waits for the rest of a truncated frame`() throws {
        let stream = Wire.header(bodyBytes: 5, headers: ["a": true], contentType: "t", messageID: "m")
        for count in 0..<stream.count {
            var decoder = try Decoder()
            #expect(try decoder.feed(Array(stream.prefix(count))) == [])
        }
    }

    @Test(arguments: 0..<10) func `survives damaged and random streams`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let whole =
            Wire.deliver(number: 1, redelivered: false, exchange: "ex", routingKey: "key")
            + Wire.header(
                bodyBytes: 3, headers: AMQPTableTests.randomTable(depth: 0, &generator), contentType: "t", messageID: "m")
            + Wire.frame(3, channel: 1, [1, 2, 3])
        for round in 0..<200 {
            var stream = whole
            if round % 4 == 0 {
                // Random content in a frame that is whole.
                stream = Wire.frame(UInt8.random(in: 0...9, using: &generator), channel: 1, generator.bytes(40))
            } else {
                for _ in 0...Int.random(in: 0...3, using: &generator) {
                    stream[.random(in: stream.indices, using: &generator)] = .random(in: 0...255, using: &generator)
                }
            }
            var decoder = try Decoder()
            var assembler = ContentAssembler(bodyBytesMax: 100)
            // Either is fine; neither may crash.
            guard let frames = try? decoder.feed(stream) else { continue }
            for frame in frames { if case .violation = assembler.receive(frame) { break } }
        }
    }

    @Test func `survives headers nested as deep as a frame allows`() async throws {
        let (sent, received) = try await DeepThread().decode()
        #expect(sent.count > 100_000)
        #expect(try received.wireBytes() == sent)
    }
}

/// A thread as sessions have it, with the stack that the C library's recursion needs.
private actor DeepThread {
    private nonisolated let executor = BrokerThread.makeExecutor(name: "deep")
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    isolated deinit { self.executor.stop() }

    func decode() throws -> (sent: [UInt8], received: AMQPTable) {
        var nested: [UInt8] = []
        // Outermost length first, as it is nested: 5 bytes a level.
        let levels = (Decoder.frameBytesMax - 64) / 5
        for level in 0..<levels { nested += [UInt8(ascii: "A")] + UInt32((levels - level - 1) * 5).wire }
        let table = [1, UInt8(ascii: "n")] + nested
        let sent = UInt32(table.count).wire + table
        let content = UInt16(60).wire + UInt16(0).wire + UInt64(0).wire + UInt16(1 << 13).wire + sent
        var decoder = try Decoder()
        let frames = try decoder.feed(Wire.frame(2, channel: 1, content))
        guard case .header(_, let properties) = try #require(frames.first) else { throw AMQPError(.protocolViolation) }
        return (sent, try #require(properties.headers))
    }
}

/// Frames in bytes (AMQP 0-9-1, 4.2.3).
enum Wire {
    static let heartbeat = Wire.frame(8, channel: 0, [])

    static func frame(_ kind: UInt8, channel: UInt16, _ payload: [UInt8]) -> [UInt8] {
        [kind] + channel.wire + UInt32(payload.count).wire + payload + [0xCE]
    }

    static func method(_ number: Int, _ arguments: [UInt8], channel: UInt16 = 1) -> [UInt8] {
        self.frame(1, channel: channel, UInt32(number).wire + arguments)
    }

    static func short(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

    static func deliver(number: UInt64, redelivered: Bool, exchange: String, routingKey: String) -> [UInt8] {
        self.method(
            CRMQ_BASIC_DELIVER,
            self.short("tag") + number.wire + [redelivered ? 1 : 0] + self.short(exchange) + self.short(routingKey))
    }

    static func header(bodyBytes: UInt64, headers: AMQPTable, contentType: String, messageID: String) -> [UInt8] {
        let flags = UInt16(CRMQ_HAS_CONTENT_TYPE | CRMQ_HAS_HEADERS | CRMQ_HAS_MESSAGE_ID)
        // Tables of these tests have short names.
        let table = (try? headers.wireBytes()) ?? []
        return self.frame(
            2, channel: 1,
            UInt16(60).wire + UInt16(0).wire + bodyBytes.wire + flags.wire + self.short(contentType) + table + self.short(messageID))
    }
}

extension FixedWidthInteger {
    /// Big-endian bytes.
    var wire: [UInt8] { (0..<Self.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) } }
}

/// The C decoder without a socket.
struct Decoder: ~Copyable {
    static let frameBytesMax = 131_072

    private let connection: OpaquePointer

    init() throws { self.connection = try #require(crmq_new_decoder(CInt(Self.frameBytesMax))) }

    deinit { crmq_free(self.connection) }

    /// All frames that these bytes complete.
    mutating func feed(_ bytes: [UInt8]) throws(AMQPError) -> [BrokerFrame] {
        var frames: [BrokerFrame] = []
        var rest = bytes
        while true {
            var frame = crmq_frame()
            var consumed = 0
            let status = rest.withUnsafeBufferPointer {
                crmq_decode(self.connection, crmq_bytes(bytes: $0.baseAddress, length: $0.count), &consumed, &frame)
            }
            guard status >= 0 else { throw AMQPError(.protocolViolation) }
            guard status == 1 else { return frames }
            frames.append(try BrokerFrame(frame))
            rest.removeFirst(consumed)
            crmq_release(self.connection)
        }
    }
}
