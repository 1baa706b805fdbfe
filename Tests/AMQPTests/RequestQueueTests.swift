import Testing

@testable import AMQP

struct RequestQueueTests {
    private let start = ContinuousClock.now

    @Test func `sends one at a time in order`() {
        var queue = RequestQueue(timeout: .seconds(10))
        queue.append([.channelOpen, .confirmSelect])
        #expect(queue.next(now: self.start, blocked: false) == .channelOpen)
        #expect(queue.next(now: self.start, blocked: false) == nil)
        #expect(queue.answered(BrokerMethod.channelOpen.reply) == .channelOpen)
        #expect(queue.next(now: self.start, blocked: false) == .confirmSelect)
        #expect(queue.answered(BrokerMethod.confirmSelect.reply) == .confirmSelect)
        #expect(queue.next(now: self.start, blocked: false) == nil && queue.deadline == nil)
    }

    @Test func `recognises answers without a request`() {
        var queue = RequestQueue(timeout: .seconds(10))
        #expect(queue.answered(BrokerMethod.channelOpen.reply) == nil)
        queue.append([.channelOpen])
        #expect(queue.answered(BrokerMethod.channelOpen.reply) == nil)
        _ = queue.next(now: self.start, blocked: false)
        #expect(queue.answered(BrokerMethod.confirmSelect.reply) == nil)
    }

    @Test func `sends nothing while blocked and stops the clock`() {
        var queue = RequestQueue(timeout: .seconds(10))
        queue.append([.channelOpen, .confirmSelect])
        #expect(queue.next(now: self.start, blocked: true) == nil)
        _ = queue.next(now: self.start, blocked: false)
        let late = self.start + .seconds(11)
        #expect(queue.expired(now: late, blocked: true) == nil)
        #expect(queue.expired(now: late, blocked: false) == .channelOpen)
        queue.unblocked(now: late)
        #expect(queue.expired(now: late, blocked: false) == nil)
        #expect(queue.deadline == late + .seconds(10))
    }

    @Test func `forgets every request with the channel`() {
        var queue = RequestQueue(timeout: .seconds(10))
        queue.append([.channelOpen, .confirmSelect])
        _ = queue.next(now: self.start, blocked: false)
        queue.removeAll()
        #expect(queue.next(now: self.start, blocked: false) == nil && queue.deadline == nil)
    }

    @Test func `declares exchanges, then queues, then bindings`() {
        let topology = AMQPTopology(
            exchanges: [.init(name: "e", kind: .topic)], queues: [.init(name: "q")],
            bindings: [.init(queue: "q", exchange: "e", routingKey: "#")])
        #expect(
            topology.declarations == [
                .exchangeDeclare(topology.exchanges[0]), .queueDeclare(topology.queues[0]), .queueBind(topology.bindings[0]),
            ])
    }
}
