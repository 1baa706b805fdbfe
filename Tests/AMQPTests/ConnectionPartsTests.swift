import Testing

@testable import AMQP

struct BackoffTests {
    @Test func doublesUpToItsLimit() {
        var backoff = Backoff(shortest: .milliseconds(100), longest: .milliseconds(350))
        #expect(
            (0..<4).map { _ in backoff.next(random: 0) } == [
                .milliseconds(100), .milliseconds(200), .milliseconds(350), .milliseconds(350),
            ])
    }

    @Test func isShortenedByUpToAHalf() {
        var backoff = Backoff(shortest: .milliseconds(100), longest: .seconds(1))
        #expect(backoff.next(random: 0.5) == .milliseconds(75))
        #expect(backoff.next(random: 1.0.nextDown) >= .milliseconds(100))
    }

    @Test func startsAgainOnlyAfterWhatLasted() {
        var backoff = Backoff(shortest: .milliseconds(100), longest: .seconds(1))
        _ = backoff.next(random: 0)
        backoff.lasted(.milliseconds(900))
        #expect(backoff.next(random: 0) == .milliseconds(200))
        backoff.lasted(.seconds(1))
        #expect(backoff.next(random: 0) == .milliseconds(100))
    }
}

struct RequestQueueTests {
    private let start = ContinuousClock.now

    @Test func sendsOneAtATimeInOrder() {
        var queue = RequestQueue(timeout: .seconds(10))
        queue.append([.channelOpen, .confirmSelect])
        #expect(queue.next(now: self.start, blocked: false) == .channelOpen)
        #expect(queue.next(now: self.start, blocked: false) == nil)
        #expect(queue.answered(BrokerMethod.channelOpen.reply) == .channelOpen)
        #expect(queue.next(now: self.start, blocked: false) == .confirmSelect)
        #expect(!queue.isIdle)
        #expect(queue.answered(BrokerMethod.confirmSelect.reply) == .confirmSelect)
        #expect(queue.isIdle)
    }

    @Test func knowsAnswersThatNobodyWaitsFor() {
        var queue = RequestQueue(timeout: .seconds(10))
        #expect(queue.answered(BrokerMethod.channelOpen.reply) == nil)
        queue.append([.channelOpen])
        #expect(queue.answered(BrokerMethod.channelOpen.reply) == nil)
        _ = queue.next(now: self.start, blocked: false)
        #expect(queue.answered(BrokerMethod.confirmSelect.reply) == nil)
    }

    @Test func sendsNothingWhileBlockedAndStopsTheClock() {
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

    @Test func forgetsEverythingWithTheChannel() {
        var queue = RequestQueue(timeout: .seconds(10))
        queue.append([.channelOpen, .confirmSelect])
        _ = queue.next(now: self.start, blocked: false)
        queue.removeAll()
        #expect(queue.isIdle && queue.deadline == nil)
    }

    @Test func declaresExchangesThenQueuesThenBindings() {
        let topology = AMQPTopology(
            exchanges: [.init(name: "e", kind: .topic)], queues: [.init(name: "q")],
            bindings: [.init(queue: "q", exchange: "e", routingKey: "#")])
        #expect(
            topology.declarations == [
                .exchangeDeclare(topology.exchanges[0]), .queueDeclare(topology.queues[0]), .queueBind(topology.bindings[0]),
            ])
    }
}

struct FifoTests {
    @Test(arguments: 0..<5) func behavesLikeAnArray(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var fifo = Fifo<Int>()
        var array: [Int] = []
        for step in 0..<5000 {
            switch Int.random(in: 0..<100, using: &generator) {
            // Grows and shrinks in long waves, so that compaction is reached.
            case 0..<(step / 500 % 2 == 0 ? 70 : 30):
                fifo.append(step)
                array.append(step)
            case 98:
                fifo.removeAll { $0 % 3 == 0 }
                array.removeAll { $0 % 3 == 0 }
            case 99 where !array.isEmpty:
                let index = Int.random(in: array.indices, using: &generator)
                fifo[index] = -step
                array[index] = -step
            default:
                let expected = array.isEmpty ? nil : array.removeFirst()
                guard fifo.popFirst() == expected else {
                    Issue.record("step \(step)")
                    return
                }
            }
            guard fifo.count == array.count, fifo.first == array.first else {
                Issue.record("step \(step)")
                return
            }
        }
        #expect(Array(fifo) == array)
    }
}

struct AMQPErrorTests {
    @Test func describesWithoutTheBrokersWords() {
        let error = AMQPError(.channelClosed, replyCode: 404, replyText: "no queue 'segredo'", classID: 60, methodID: 40)
        #expect("\(error)" == "AMQP: channelClosed, reply code 404, method 60.40")
        #expect("\(AMQPError(.connectionLost, replyText: "segredo"))" == "AMQP: connectionLost")
    }

    @Test func tellsWhatTryingAgainCanHeal() {
        #expect(AMQPError(.connectionLost).isRetriable)
        #expect(AMQPError(.refused).isRetriable)
        #expect(!AMQPError(.refused, replyCode: 403).isRetriable)
        #expect(!AMQPError(.channelClosed, replyCode: 406).isRetriable)
        #expect(AMQPError(.channelClosed, replyCode: 404).isRetriable)
        #expect(AMQPError(.connectionClosed, replyCode: 320).isRetriable)
        #expect(!AMQPError(.invalidMessage).isRetriable)
    }
}
