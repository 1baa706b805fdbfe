import Testing

@testable import AMQP

private let origin = ContinuousClock.now

@Suite struct ConsumerStateTests {
    private let start = origin

    @Test func `a channel is opened, declared and consumed`() throws {
        let consumer = Consumer()
        #expect(!consumer.isConsuming)
        let requests = consumer.requestsDue()
        #expect(
            requests == [
                .channelOpen, .queueDeclare(.init(name: "q")), .qos(prefetchMessages: 1000), .consume(queue: "q", consumerTag: "batch-0"),
            ])
        #expect(consumer.requestsDue() == [])
        for request in requests { try consumer.receive(.answered(request)) }
        #expect(consumer.isConsuming)
    }

    private static func binding(_ key: String) -> AMQPTopology.Binding { .init(queue: "q", exchange: "e", routingKey: key) }

    @Test func `further bindings are made once on each channel, and count when the broker has made them`() throws {
        let consumer = try Consumer.consuming()
        let (a, b, c) = (Self.binding("a"), Self.binding("b"), Self.binding("c"))
        consumer.bind([b, a])
        #expect(consumer.requestsDue() == [.queueBind(a), .queueBind(b)])
        #expect(consumer.isConsuming && consumer.madeBindings.isEmpty)
        try consumer.receive(.answered(.queueBind(a)))
        #expect(consumer.madeBindings == [a])
        try consumer.receive(.answered(.queueBind(b)))
        try consumer.receive(.answered(.queueBind(Self.binding("topology"))))
        #expect(consumer.madeBindings == [a, b])
        consumer.bind([b, c])
        #expect(consumer.requestsDue() == [.queueBind(c)])
        #expect(consumer.madeBindings == [a, b], "a binding that is not wanted any more stays")
        #expect(consumer.requestsDue() == [])
        _ = consumer.lose()
        #expect(consumer.madeBindings.isEmpty)
        consumer.bind([c])
        let requests = consumer.requestsDue()
        #expect(
            requests == [
                .channelOpen, .queueDeclare(.init(name: "q")), .queueBind(c), .qos(prefetchMessages: 1000),
                .consume(queue: "q", consumerTag: "batch-0"),
            ])
        consumer.bind([c, b])
        #expect(consumer.requestsDue() == [], "the channel is being opened")
        for request in requests { try consumer.receive(.answered(request)) }
        #expect(consumer.madeBindings == [c])
        #expect(consumer.requestsDue() == [.queueBind(b)])
    }

    @Test func `messages are handed out in order, at most a batch to each user`() throws {
        let consumer = try Consumer.consuming { $0.batchMessagesMax = 2 }
        try consumer.deliver(1...5)
        #expect(consumer.ask() == .batch([1, 2]), "a full batch needs no wait")
        #expect(consumer.ask() == .batch([3, 4]))
        #expect(consumer.ask() == .waits)
        #expect(consumer.drained() == [2: [5]])
        #expect(consumer.ask() == .waits)
        #expect(consumer.drained() == [:])
    }

    @Test func `the user that waits longest is served first`() throws {
        let consumer = try Consumer.consuming { $0.batchMessagesMax = 2 }
        #expect(consumer.ask() == .waits)
        #expect(consumer.ask() == .waits)
        #expect(try consumer.deliver(1...1) == [:], "the batch may grow")
        #expect(try consumer.deliver(2...3) == [0: [1, 2]])
        #expect(consumer.ask() == .waits, "behind the other")
        #expect(consumer.drained() == [1: [3]])
    }

    @Test func `a batch grows no longer than the linger time`() throws {
        let consumer = try Consumer.consuming { $0.linger = .milliseconds(10) }
        #expect(consumer.ask() == .waits)
        #expect(try consumer.deliver(1...1) == [:])
        #expect(try consumer.deliver(2...2, at: self.start + .milliseconds(9)) == [:])
        #expect(try consumer.deliver(3...3, at: self.start + .milliseconds(10)) == [0: [1, 2, 3]])
    }

    @Test func `a cancelled user waits no longer, and no message is lost`() throws {
        let consumer = try Consumer.consuming()
        #expect(consumer.ask() == .waits)
        #expect(consumer.ask() == .waits)
        #expect(consumer.cancel(0) == true)
        #expect(consumer.cancel(0) == false)
        try consumer.deliver(1...1)
        #expect(consumer.drained() == [1: [1]])
        #expect(consumer.cancel(1) == false)
    }

    @Test func `only settled deliveries of this channel are acknowledged`() throws {
        let consumer = try Consumer.consuming()
        try consumer.deliver(1...3)
        _ = consumer.ask()
        _ = consumer.drained()
        #expect(consumer.takeAcks() == [])
        consumer.settle([1, 2], generation: consumer.generation - 1)
        #expect(consumer.takeAcks() == [])
        consumer.settle([1, 3])
        #expect(consumer.takeAcks() == [.init(number: 1, multiple: false), .init(number: 3, multiple: false)])
    }

    @Test func `a suspension ends with the channel and is kept until consuming is resumed`() throws {
        let consumer = try Consumer.consuming()
        try consumer.deliver(1...2)
        #expect(consumer.suspend(7) == false)
        #expect(!consumer.isConsuming)
        #expect(consumer.requestsDue() == [.channelClose])
        #expect(consumer.takeAcks() == [], "the channel is closing")
        try consumer.deliver(3...3)
        #expect(try consumer.receive(.answered(.channelClose)).suspenders == [7])
        #expect(consumer.requestsDue() == [])
        #expect(consumer.ask() == .waits && consumer.drained() == [:], "what was not handed out returns to the queue")
        #expect(consumer.suspend(8) == true, "there is no channel")
        consumer.resume()
        #expect(consumer.requestsDue().first == .channelOpen)
    }

    @Test func `a resumption does not lose the user that waits for the suspension`() throws {
        let consumer = try Consumer.consuming()
        #expect(consumer.suspend(7) == false)
        consumer.resume()
        #expect(consumer.requestsDue() == [.channelClose])
        #expect(try consumer.receive(.answered(.channelClose)).suspenders == [7])
        #expect(consumer.requestsDue().first == .channelOpen)
    }

    @Test func `a lost connection ends suspensions and forgets deliveries`() throws {
        let consumer = try Consumer.consuming()
        let before = consumer.generation
        try consumer.deliver(1...2)
        #expect(consumer.ask() == .waits)
        _ = consumer.drained()
        #expect(consumer.suspend(7) == false)
        #expect(consumer.lose() == [7])
        #expect(!consumer.isConsuming)
        consumer.settle([1, 2], generation: before)
        #expect(consumer.takeAcks() == [])
    }

    @Test func `a channel that the broker closes is opened again, later each time`() throws {
        let consumer = try Consumer.consuming()
        var now = self.start
        for pause in [200, 400, 800] {
            try consumer.receive(.channelClosed(AMQPError(.channelClosed, replyCode: 406)), at: now)
            #expect(!consumer.isConsuming)
            #expect(consumer.requestsDue(at: now + .milliseconds(pause - 1)) == [])
            #expect(consumer.deadline == now + .milliseconds(pause))
            now += .milliseconds(pause)
            #expect(consumer.requestsDue(at: now).first == .channelOpen)
        }
    }

    @Test func `a consumer that the broker cancels gets another channel`() throws {
        let consumer = try Consumer.consuming()
        try consumer.receive(.cancelled)
        #expect(!consumer.isConsuming)
        #expect(consumer.requestsDue() == [.channelClose])
        try consumer.receive(.answered(.channelClose))
        #expect(consumer.requestsDue().first == .channelOpen)
    }

    @Test func `room is made by another consumer on the same channel, and nothing is delivered again`() throws {
        let consumer = try Consumer.consuming { $0.batchMessagesMax = 2 }
        try consumer.deliver(1...2)
        #expect(consumer.ask() == .batch([1, 2]))
        consumer.makeRoom()
        let requests = consumer.requestsDue()
        #expect(requests == [.cancel(consumerTag: "batch-0"), .consume(queue: "q", consumerTag: "batch-1")])
        // Sent before the broker knew.
        try consumer.deliver(3...3)
        consumer.settle([2])
        for request in requests { try consumer.receive(.answered(request)) }
        #expect(consumer.isConsuming)
        #expect(consumer.requestsDue() == [])
        #expect(consumer.takeAcks() == [.init(number: 2, multiple: false)])
        try consumer.deliver(4...4)
        #expect(consumer.ask() == .batch([3, 4]))
        consumer.settle([1, 3, 4])
        #expect(consumer.takeAcks() == [.init(number: 4, multiple: true)])
        _ = consumer.stop()
        #expect(consumer.requestsDue() == [.cancel(consumerTag: "batch-1")])
    }

    @Test func `room that is wanted while it is made is made again`() throws {
        let consumer = try Consumer.consuming()
        consumer.makeRoom()
        let first = consumer.requestsDue()
        consumer.makeRoom()
        #expect(consumer.requestsDue() == [], "one at a time")
        for request in first { try consumer.receive(.answered(request)) }
        #expect(consumer.requestsDue() == [.cancel(consumerTag: "batch-1"), .consume(queue: "q", consumerTag: "batch-2")])
    }

    @Test func `no room is made without a consumer, and none is owed to the next channel`() throws {
        let consumer = try Consumer.consuming()
        consumer.makeRoom()
        _ = consumer.lose()
        for request in consumer.requestsDue() { try consumer.receive(.answered(request)) }
        #expect(consumer.isConsuming)
        #expect(consumer.requestsDue() == [])
        #expect(!consumer.suspend(7))
        #expect(consumer.requestsDue() == [.channelClose])
        consumer.makeRoom()
        #expect(consumer.requestsDue() == [])
    }

    @Test func `a stop cancels, waits for what is handed out, and hands out no more`() throws {
        let consumer = try Consumer.consuming { $0.batchMessagesMax = 2 }
        try consumer.deliver(1...3)
        #expect(consumer.ask() == .batch([1, 2]))
        #expect(consumer.ask() == .waits)
        #expect(consumer.stop() == [1: nil])
        #expect(!consumer.isConsuming)
        #expect(consumer.ask() == .end)
        #expect(consumer.requestsDue() == [.cancel(consumerTag: "batch-0")])
        // Sent before the broker knew.
        try consumer.deliver(4...4)
        #expect(consumer.drained() == [:])
        #expect(!consumer.isOver(self.start))
        consumer.settle([1, 2])
        #expect(consumer.takeAcks() == [.init(number: 2, multiple: true)])
        #expect(consumer.isOver(self.start))
    }

    @Test func `a stop waits no longer than the drain timeout`() throws {
        let consumer = try Consumer.consuming { $0.drainTimeout = .seconds(3) }
        try consumer.deliver(1...1)
        #expect(consumer.ask() == .waits)
        #expect(consumer.drained() == [0: [1]])
        _ = consumer.stop()
        #expect(!consumer.isOver(self.start + .seconds(2)))
        #expect(consumer.deadline == self.start + .seconds(3))
        #expect(consumer.isOver(self.start + .seconds(3)))
    }

    @Test(arguments: [
        BrokerEvent.confirm(number: 1, multiple: false, confirmed: true),
        .content(.returned(ReturnMethod(code: 312, text: ""), AMQPProperties())),
        .content(
            .delivery(
                DeliverMethod(number: 2, redelivered: false, exchange: "", routingKey: ""), AMQPProperties(), body: [], bodyBytesTotal: 0)),
    ])
    func `what no consumer can receive is a violation of the protocol`(_ event: BrokerEvent) throws {
        let consumer = try Consumer.consuming()
        do throws(AMQPError) {
            try consumer.receive(event)
            Issue.record("accepted")
        } catch {
            #expect(error.kind == .protocolViolation)
        }
    }
}

/// A consumer's state with users numbered from 0 and deliveries by their tags. Everything happens at one instant unless a test says otherwise.
private final class Consumer {
    enum Answer: Equatable {
        case waits
        case batch([UInt64])
        case end
    }

    private var state: ConsumerState<Int, Int>
    private var users = 0
    private(set) var generation: UInt64 = 0

    init(_ change: (inout ConsumerSettings) -> Void = { _ in }) {
        var settings = ConsumerSettings()
        change(&settings)
        let configuration = AMQPConfiguration(endpoints: [AMQPEndpoint(host: "h")], user: "u", password: "p", connectionName: "test")
        self.state = ConsumerState(
            configuration: configuration, topology: AMQPTopology(queues: [.init(name: "q")]), queue: "q", settings: settings, now: origin)
        _ = try? self.state.lifecycle.start()
    }

    /// One whose first connection failed, so that generations count from 1.
    static func consuming(_ change: (inout ConsumerSettings) -> Void = { _ in }) throws -> Consumer {
        let consumer = Consumer(change)
        _ = consumer.lose()
        for request in consumer.requestsDue() { try consumer.receive(.answered(request)) }
        return consumer
    }

    var isConsuming: Bool { self.state.isConsuming }
    var madeBindings: Set<AMQPTopology.Binding> { self.state.madeBindings }
    func bind(_ bindings: Set<AMQPTopology.Binding>) { self.state.bind(bindings) }
    var deadline: ContinuousClock.Instant? { self.state.deadline }
    func isOver(_ now: ContinuousClock.Instant) -> Bool { self.state.isOver(now: now) }
    func requestsDue(at now: ContinuousClock.Instant = origin) -> [BrokerMethod] { self.state.requestsDue(now: now) }
    func takeAcks() -> [AckLedger.Ack] { self.state.takeAcks() }
    func resume() { self.state.resume() }
    func makeRoom() { self.state.makeRoom() }

    func ask() -> Answer {
        defer { self.users += 1 }
        let id = self.state.makeWaiterID()
        guard let handOver = self.state.nextBatch(id: id, waiter: self.users, now: origin) else { return .waits }
        return handOver.batch.map { .batch($0.tags.map(\.number)) } ?? .end
    }

    /// Whether the user waited.
    func cancel(_ user: UInt64) -> Bool { self.state.cancelWaiter(user) != nil }

    func settle(_ numbers: [UInt64], generation: UInt64? = nil) {
        self.state.settle(numbers.map { DeliveryTag(generation: generation ?? self.generation, number: $0) })
    }

    /// Whether the suspension ends at once.
    func suspend(_ suspender: Int) -> Bool { self.state.suspend(suspender) != nil }

    @discardableResult
    func receive(
        _ event: BrokerEvent, at now: ContinuousClock.Instant = origin
    ) throws(AMQPError) -> (batches: [Int: [UInt64]], suspenders: [Int]) {
        let reaction = try self.state.receive(event, now: now, random: 0)
        if case .channelClosed = event { self.generation += 1 }
        if case .answered(.channelClose) = event { self.generation += 1 }
        return (Self.batches(reaction.handOvers).mapValues { $0 ?? [] }, reaction.suspenders)
    }

    @discardableResult
    func deliver(_ numbers: ClosedRange<UInt64>, at now: ContinuousClock.Instant = origin) throws(AMQPError) -> [Int: [UInt64]] {
        var batches: [Int: [UInt64]] = [:]
        for number in numbers {
            let method = DeliverMethod(number: number, redelivered: false, exchange: "e", routingKey: "k")
            let delivery = BrokerEvent.content(.delivery(method, AMQPProperties(), body: [], bodyBytesTotal: 0))
            batches.merge(try self.receive(delivery, at: now).batches) { $1 }
        }
        return batches
    }

    /// Everything that had arrived was read.
    func drained() -> [Int: [UInt64]] { Self.batches(self.state.handOverAll(now: origin)).mapValues { $0 ?? [] } }

    func lose() -> [Int] {
        self.generation += 1
        return self.state.lost(now: origin)
    }

    func stop() -> [Int: [UInt64]?] { Self.batches(self.state.stop(now: origin)) }

    private static func batches(_ handOvers: [ConsumerState<Int, Int>.HandOver]) -> [Int: [UInt64]?] {
        Dictionary(uniqueKeysWithValues: handOvers.map { ($0.waiter, $0.batch?.tags.map(\.number)) })
    }
}
