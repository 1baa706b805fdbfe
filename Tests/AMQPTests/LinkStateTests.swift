import CRabbitMQ
import Testing

@testable import AMQP

@Suite struct LinkStateTests {
    private let start = ContinuousClock.now

    private func state() -> LinkState { LinkState(bodyBytesMax: 100, frameBytesMax: 4096, requestTimeout: .seconds(10)) }

    @Test func `one request is written at a time, the next after its answer`() throws {
        var state = self.state()
        state.request([.channelOpen, .confirmSelect])
        try state.writeRequests(now: self.start)
        #expect(state.output.bytes == Wire.method(0x0014_000A, [0]))
        state.output.removeAll()
        #expect(try state.receive(.reply(CRMQ_CHANNEL_OPEN_OK), now: self.start) == .answered(.channelOpen))
        try state.writeRequests(now: self.start)
        #expect(state.output.bytes == Wire.method(0x0055_000A, [0]))
    }

    @Test func `a late answer is a timeout of the request's method`() throws {
        var state = self.state()
        state.request([.channelOpen])
        try state.writeRequests(now: self.start)
        #expect(state.requestDeadline == self.start + .seconds(10))
        #expect(throws: AMQPError(.timeout, classID: 20, methodID: 10)) { try state.writeRequests(now: self.start + .seconds(10)) }
    }

    @Test func `nothing is requested while the broker blocks, and no answer is late`() throws {
        var state = self.state()
        state.request([.channelOpen, .confirmSelect])
        try state.writeRequests(now: self.start)
        state.output.removeAll()
        #expect(try state.receive(.blocked(reason: "low on memory"), now: self.start) == .blocked(reason: "low on memory"))
        #expect(state.requestDeadline == nil)
        #expect(try state.receive(.reply(CRMQ_CHANNEL_OPEN_OK), now: self.start) == .answered(.channelOpen))
        try state.writeRequests(now: self.start + .seconds(60))
        #expect(state.output.bytes.isEmpty)
        #expect(try state.receive(.unblocked, now: self.start + .seconds(60)) == .unblocked)
        try state.writeRequests(now: self.start + .seconds(60))
        #expect(!state.output.bytes.isEmpty)
        #expect(state.requestDeadline == self.start + .seconds(70))
    }

    @Test func `a closed channel is answered, and its requests are dropped`() throws {
        var state = self.state()
        state.request([.channelOpen, .confirmSelect])
        try state.writeRequests(now: self.start)
        state.output.removeAll()
        let error = AMQPError(.channelClosed, replyCode: 404)
        #expect(try state.receive(.channelClose(error), now: self.start) == .channelClosed(error))
        #expect(state.output.bytes == Wire.method(CRMQ_CHANNEL_CLOSE_OK, []))
        try state.writeRequests(now: self.start + .seconds(60))
        #expect(state.output.bytes == Wire.method(CRMQ_CHANNEL_CLOSE_OK, []))
    }

    @Test func `a closed connection is answered with close-ok alone`() throws {
        var state = self.state()
        state.request([.channelOpen])
        try state.writeRequests(now: self.start)
        let error = AMQPError(.connectionClosed, replyCode: 320)
        #expect(try state.receive(.connectionClose(error), now: self.start) == .connectionClosed(error))
        #expect(state.output.bytes == Wire.method(CRMQ_CONNECTION_CLOSE_OK, [], channel: 0))
    }

    @Test func `confirms and deliveries become events, heartbeats do not`() throws {
        var state = self.state()
        #expect(try state.receive(.heartbeat, now: self.start) == nil)
        #expect(try state.receive(.ack(tag: 3, multiple: true), now: self.start) == .confirm(number: 3, multiple: true, confirmed: true))
        #expect(
            try state.receive(.nack(tag: 4, multiple: false), now: self.start) == .confirm(number: 4, multiple: false, confirmed: false))
        let method = DeliverMethod(number: 1, redelivered: false, exchange: "e", routingKey: "k")
        #expect(try state.receive(.deliver(method), now: self.start) == nil)
        #expect(try state.receive(.heartbeat, now: self.start) == nil)
        #expect(
            try state.receive(.header(bodyBytes: 0, AMQPProperties()), now: self.start)
                == .content(.delivery(method, AMQPProperties(), body: [], bodyBytesTotal: 0)))
    }

    @Test func `a message or the lack of one answers a get, and nothing else`() throws {
        var state = self.state()
        let message = DeliverMethod(number: 1, redelivered: false, exchange: "", routingKey: "q", messagesLeft: 3)
        state.request([.get(queue: "q"), .get(queue: "q")])
        try state.writeRequests(now: self.start)
        #expect(try state.receive(.deliver(message), now: self.start) == nil)
        #expect(
            try state.receive(.header(bodyBytes: 0, AMQPProperties()), now: self.start)
                == .content(.delivery(message, AMQPProperties(), body: [], bodyBytesTotal: 0)))
        try state.writeRequests(now: self.start)
        #expect(try state.receive(.reply(CRMQ_BASIC_GET_EMPTY), now: self.start) == .answered(.get(queue: "q")))
        #expect(try state.receive(.deliver(message), now: self.start) == nil)
        #expect(throws: AMQPError.self) { try state.receive(.header(bodyBytes: 0, AMQPProperties()), now: self.start) }
    }

    @Test(arguments: [BrokerFrame.reply(CRMQ_CHANNEL_OPEN_OK), .flow, .body([1]), .header(bodyBytes: 1, AMQPProperties())])
    func `a frame that is not allowed ends the connection`(_ frame: BrokerFrame) {
        var state = self.state()
        do throws(AMQPError) {
            _ = try state.receive(frame, now: self.start)
            Issue.record("accepted")
        } catch {
            #expect(error.kind == .protocolViolation)
        }
    }
}
