import Testing

@testable import AMQP

struct ContentAssemblerTests {
    private static let deliver = DeliverMethod(number: 1, redelivered: false, exchange: "e", routingKey: "k")
    private static let returned = ReturnMethod(code: 312, text: "NO_ROUTE")

    private static var properties: AMQPProperties {
        var properties = AMQPProperties()
        properties.messageID = "m"
        return properties
    }

    @Test func `assembles a delivery from its frames`() {
        var assembler = ContentAssembler(bodyBytesMax: 100)
        #expect(assembler.receive(.deliver(Self.deliver)) == .more)
        #expect(assembler.receive(.header(bodyBytes: 5, Self.properties)) == .more)
        #expect(assembler.receive(.body([1, 2])) == .more)
        #expect(assembler.receive(.body([])) == .more)
        #expect(
            assembler.receive(.body([3, 4, 5]))
                == .complete(.delivery(Self.deliver, Self.properties, body: [1, 2, 3, 4, 5], bodyBytesTotal: 5)))
        #expect(assembler.receive(.ack(tag: 1, multiple: false)) == .other)
    }

    @Test func `needs no body frame for an empty body`() {
        var assembler = ContentAssembler(bodyBytesMax: 100)
        _ = assembler.receive(.deliver(Self.deliver))
        #expect(
            assembler.receive(.header(bodyBytes: 0, Self.properties))
                == .complete(.delivery(Self.deliver, Self.properties, body: [], bodyBytesTotal: 0)))
    }

    @Test func `cuts a body over the limit and continues behind it`() {
        var assembler = ContentAssembler(bodyBytesMax: 3)
        for _ in 0..<2 {
            _ = assembler.receive(.deliver(Self.deliver))
            _ = assembler.receive(.header(bodyBytes: 6, Self.properties))
            _ = assembler.receive(.body([1, 2]))
            _ = assembler.receive(.body([3, 4, 5]))
            #expect(
                assembler.receive(.body([6]))
                    == .complete(.delivery(Self.deliver, Self.properties, body: [1, 2, 3], bodyBytesTotal: 6)))
        }
    }

    @Test func `reserves nothing for the size in a header`() {
        // A header may claim anything: nothing is reserved for it.
        var assembler = ContentAssembler(bodyBytesMax: 3)
        _ = assembler.receive(.deliver(Self.deliver))
        #expect(assembler.receive(.header(bodyBytes: .max, Self.properties)) == .more)
        #expect(assembler.receive(.body([1, 2, 3, 4])) == .more)
    }

    @Test func `drops the body of a return`() {
        var assembler = ContentAssembler(bodyBytesMax: 0)
        _ = assembler.receive(.returned(Self.returned))
        _ = assembler.receive(.header(bodyBytes: 2, Self.properties))
        #expect(assembler.receive(.body([1, 2])) == .complete(.returned(Self.returned, Self.properties)))
    }

    @Test(arguments: [
        [BrokerFrame.header(bodyBytes: 1, AMQPProperties())],
        [.body([1])],
        [.deliver(deliver), .body([1])],
        [.deliver(deliver), .deliver(deliver)],
        [.deliver(deliver), .ack(tag: 1, multiple: false)],
        [.deliver(deliver), .channelClose(AMQPError(.channelClosed))],
        [.deliver(deliver), .header(bodyBytes: 2, AMQPProperties()), .header(bodyBytes: 2, AMQPProperties())],
        [.deliver(deliver), .header(bodyBytes: 2, AMQPProperties()), .deliver(deliver)],
        [.deliver(deliver), .header(bodyBytes: 2, AMQPProperties()), .body([1]), .reply(1)],
        [.deliver(deliver), .header(bodyBytes: 2, AMQPProperties()), .body([1, 2, 3])],
        [.returned(returned), .deliver(deliver)],
    ])
    func `refuses frames out of order`(_ frames: [BrokerFrame]) {
        var assembler = ContentAssembler(bodyBytesMax: 100)
        for frame in frames.dropLast() { #expect(assembler.receive(frame) == .more) }
        guard case .violation = assembler.receive(frames.last!) else {
            Issue.record("accepted")
            return
        }
    }

    @Test func `a new channel begins without a message`() {
        var assembler = ContentAssembler(bodyBytesMax: 100)
        _ = assembler.receive(.deliver(Self.deliver))
        assembler.reset()
        #expect(assembler.receive(.deliver(Self.deliver)) == .more)
    }
}
