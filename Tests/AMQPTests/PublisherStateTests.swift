import CRabbitMQ
import Testing

@testable import AMQP

private let origin = ContinuousClock.now

@Suite struct PublisherStateTests {
    private let start = origin

    @Test func `messages are sent once everything is declared`() throws {
        let publisher = Publisher()
        #expect(publisher.publish(["a", "b"]) == nil)
        #expect(publisher.send() == [])
        let requests = publisher.open()
        #expect(requests == [.channelOpen, .confirmSelect, .queueDeclare(.init(name: "q"))])
        for request in requests.dropLast() { #expect(try publisher.answer(request) == false) }
        #expect(!publisher.isReady && publisher.send() == [])
        #expect(try publisher.answer(requests[2]) == true)
        #expect(publisher.isReady && publisher.send() == ["a", "b"])
        #expect(try publisher.confirm(2) == [0: [.confirmed, .confirmed]])
    }

    @Test func `each call is answered when all of its messages are settled`() throws {
        let publisher = try Publisher.declared()
        #expect(publisher.publish(["a", "b"]) == nil)
        #expect(publisher.publish(["c"]) == nil)
        #expect(publisher.send() == ["a", "b", "c"])
        #expect(try publisher.receive(.confirm(number: 1, multiple: false, confirmed: false)) == [:])
        #expect(try publisher.receive(.confirm(number: 3, multiple: false, confirmed: true)) == [1: [.confirmed]])
        #expect(try publisher.receive(.confirm(number: 2, multiple: false, confirmed: true)) == [0: [.rejected, .confirmed]])
    }

    @Test func `it is not ready while it drains, even when a block ends`() throws {
        let publisher = try Publisher.declared()
        #expect(publisher.publish(["a"]) == nil)
        _ = publisher.send()
        try publisher.receive(.blocked(reason: ""))
        #expect(!publisher.isReady)
        _ = publisher.stop()
        try publisher.receive(.unblocked)
        #expect(!publisher.isReady)
        #expect(!publisher.isOver(self.start))
        #expect(try publisher.confirm(1) == [0: [.confirmed]])
        #expect(publisher.isOver(self.start))
    }

    @Test func `a block that began before everything was declared counts`() throws {
        let publisher = Publisher()
        let requests = publisher.open()
        #expect(publisher.publish(["a"]) == nil)
        for request in requests.dropLast() { _ = try publisher.answer(request) }
        try publisher.receive(.blocked(reason: ""))
        // The answer was on its way.
        #expect(try publisher.answer(requests[2]) == true)
        #expect(!publisher.isReady && publisher.send() == [])
        try publisher.receive(.unblocked)
        #expect(publisher.isReady && publisher.send() == ["a"])
    }

    @Test func `a block ends with its connection`() throws {
        let publisher = try Publisher.declared()
        try publisher.receive(.blocked(reason: ""))
        #expect(publisher.lose() == [:])
        for request in publisher.open() { _ = try publisher.answer(request) }
        #expect(publisher.publish(["a"]) == nil)
        #expect(publisher.isReady && publisher.send() == ["a"])
    }

    @Test func `a lost connection leaves what was sent unknown and keeps what was not`() throws {
        let publisher = try Publisher.declared { $0.windowMessagesMax = 2 }
        #expect(publisher.publish(["a", "b", "c"]) == nil)
        #expect(publisher.publish(["d"]) == nil)
        #expect(publisher.send() == ["a", "b"])
        #expect(publisher.lose() == [:])
        #expect(!publisher.isReady && publisher.send() == [])
        for request in publisher.open() { _ = try publisher.answer(request) }
        #expect(publisher.send() == ["c", "d"])
        #expect(try publisher.confirm(2) == [0: [.unknown, .unknown, .confirmed], 1: [.confirmed]])
    }

    @Test func `messages that cannot be sent are refused and leave their neighbours`() throws {
        let publisher = try Publisher.declared { $0.bodyBytesMax = 3 }
        var nameless = AMQPMessage.test("x")
        nameless.properties.messageID = nil
        var large = AMQPMessage.test("x")
        large.body = [1, 2, 3, 4]
        #expect(publisher.publish([nameless, .test("a"), large]) == nil)
        #expect(publisher.send() == ["a"])
        let outcomes = try #require(try publisher.confirm(1)[0])
        #expect(outcomes[1] == .confirmed)
        for index in [0, 2] {
            guard case .invalid(let error) = outcomes[index] else {
                Issue.record("\(outcomes[index])")
                continue
            }
            #expect(error.kind == .invalidMessage)
        }
        // Nothing of this call can be sent, so it is answered at once.
        #expect(publisher.publish([nameless]) != nil)
    }

    @Test func `a message that cannot be written is answered, and the next one is sent`() throws {
        let publisher = try Publisher.declared()
        #expect(publisher.publish(["a"]) == nil)
        #expect(publisher.publish(["b"]) == nil)
        let error = AMQPError(.invalidMessage)
        #expect(publisher.refuse(error) == [0: [.invalid(error)]])
        #expect(publisher.send() == ["b"])
    }

    @Test func `more than may wait is not sent`() {
        let publisher = Publisher { $0.pendingMessagesMax = 2 }
        #expect(publisher.publish(["a", "b", "c"]) == [.notSent, .notSent, .notSent])
        #expect(publisher.publish(["a", "b"]) == nil)
        #expect(publisher.publish(["c"]) == [.notSent])
    }

    @Test func `a deadline ends what was not sent and waits for the rest`() throws {
        let publisher = try Publisher.declared { $0.windowMessagesMax = 1 }
        let deadline = self.start + .seconds(1)
        #expect(publisher.publish(["a", "b"], deadline: deadline) == nil)
        #expect(publisher.publish(["c"], deadline: deadline) == nil)
        #expect(publisher.send() == ["a"])
        #expect(publisher.expire(deadline - .nanoseconds(1)) == [:])
        #expect(publisher.expire(deadline) == [1: [.notSent]])
        #expect(try publisher.confirm(1) == [0: [.confirmed, .notSent]])
    }

    @Test func `a cancelled call is answered at once, and never again`() throws {
        let publisher = try Publisher.declared { $0.windowMessagesMax = 1 }
        #expect(publisher.publish(["a", "b"]) == nil)
        #expect(publisher.publish(["c"]) == nil)
        #expect(publisher.send() == ["a"])
        #expect(publisher.cancel(0) == [.unknown, .notSent])
        #expect(publisher.cancel(1) == [.notSent])
        #expect(publisher.cancel(1) == nil)
        #expect(try publisher.confirm(1) == [:])
        #expect(publisher.send() == [])
    }

    @Test func `a stop refuses what was not sent and what is new`() throws {
        let publisher = try Publisher.declared { $0.windowMessagesMax = 1 }
        #expect(publisher.publish(["a", "b"]) == nil)
        #expect(publisher.publish(["c"]) == nil)
        #expect(publisher.send() == ["a"])
        #expect(publisher.stop() == [1: [.notSent]])
        #expect(publisher.publish(["d"]) == [.notSent])
        #expect(!publisher.isOver(self.start) && publisher.isOver(self.start + .seconds(10)))
        #expect(publisher.end() == [0: [.unknown, .notSent]])
    }

    @Test func `a late confirm ends the connection, a block is not counted`() throws {
        let publisher = try Publisher.declared()
        #expect(publisher.publish(["a"]) == nil)
        _ = publisher.send()
        try publisher.receive(.blocked(reason: ""))
        #expect(throws: Never.self) { try publisher.checkConfirms(self.start + .seconds(100)) }
        try publisher.receive(.unblocked, now: self.start + .seconds(100))
        #expect(throws: Never.self) { try publisher.checkConfirms(self.start + .seconds(129)) }
        #expect(throws: AMQPError.self) { try publisher.checkConfirms(self.start + .seconds(130)) }
    }

    @Test func `the topology is declared again at intervals, but not while blocked`() throws {
        let publisher = try Publisher.declared()
        let declaration = BrokerMethod.queueDeclare(.init(name: "q"))
        #expect(publisher.declarationsDue(self.start + .seconds(9)) == [])
        #expect(publisher.declarationsDue(self.start + .seconds(10)) == [declaration])
        #expect(publisher.declarationsDue(self.start + .seconds(30)) == [], "the first is not answered yet")
        #expect(try publisher.answer(declaration) == false)
        try publisher.receive(.blocked(reason: ""))
        #expect(publisher.declarationsDue(self.start + .seconds(30)) == [])
        try publisher.receive(.unblocked)
        #expect(publisher.declarationsDue(self.start + .seconds(30)) == [declaration])
    }

    @Test(arguments: [
        BrokerEvent.confirm(number: 1, multiple: false, confirmed: true), .cancelled,
        .content(.returned(ReturnMethod(code: 312, text: ""), AMQPProperties())),
        .content(
            .delivery(
                DeliverMethod(number: 1, redelivered: false, exchange: "", routingKey: ""), AMQPProperties(), body: [], bodyBytesTotal: 0)),
    ])
    func `what no publisher can receive is a violation of the protocol`(_ event: BrokerEvent) throws {
        let publisher = try Publisher.declared()
        do throws(AMQPError) {
            try publisher.receive(event)
            Issue.record("accepted")
        } catch {
            #expect(error.kind == .protocolViolation)
        }
    }
}

/// A publisher's state with calls numbered from 0. Everything happens at one instant unless a test says otherwise.
private final class Publisher {
    private var state: PublisherState<Int>
    private let start = origin
    private var calls = 0

    init(_ change: (inout PublisherSettings) -> Void = { _ in }) {
        var settings = PublisherSettings()
        change(&settings)
        let configuration = AMQPConfiguration(
            endpoints: [AMQPEndpoint(host: "h")], user: "u", password: "p", connectionName: "test")
        self.state = PublisherState(
            configuration: configuration, topology: AMQPTopology(queues: [.init(name: "q")]), settings: settings)
        _ = try? self.state.lifecycle.start()
    }

    static func declared(_ change: (inout PublisherSettings) -> Void = { _ in }) throws -> Publisher {
        let publisher = Publisher(change)
        for request in publisher.open() { _ = try publisher.answer(request) }
        return publisher
    }

    var isReady: Bool { self.state.isReady }
    func isOver(_ now: ContinuousClock.Instant) -> Bool { self.state.isOver(now: now) }

    func publish(_ ids: [String], deadline: ContinuousClock.Instant? = nil) -> [PublishOutcome]? {
        self.publish(ids.map { .test($0) }, deadline: deadline)
    }

    func publish(_ messages: [AMQPMessage], deadline: ContinuousClock.Instant? = nil) -> [PublishOutcome]? {
        defer { self.calls += 1 }
        let id = self.state.makeCallID()
        return self.state.publish(messages, deadline: deadline, id: id, caller: self.calls)?.outcomes
    }

    /// Sends all that may be sent; the ids of the messages.
    func send() -> [String] {
        var ids: [String] = []
        while let message = self.state.nextMessage {
            ids.append(message.properties.messageID ?? "")
            self.state.sent(now: self.start)
        }
        return ids
    }

    func refuse(_ error: AMQPError) -> [Int: [PublishOutcome]] { Self.outcomes(self.state.refused(error)) }

    func open() -> [BrokerMethod] { self.state.opened() }

    /// Whether everything is declared by this answer.
    func answer(_ request: BrokerMethod) throws(AMQPError) -> Bool {
        try self.state.receive(.answered(request), now: self.start).isDeclared
    }

    func confirm(_ number: UInt64) throws(AMQPError) -> [Int: [PublishOutcome]] {
        try self.receive(.confirm(number: number, multiple: true, confirmed: true))
    }

    @discardableResult
    func receive(_ event: BrokerEvent, now: ContinuousClock.Instant? = nil) throws(AMQPError) -> [Int: [PublishOutcome]] {
        Self.outcomes(try self.state.receive(event, now: now ?? self.start).completions)
    }

    func checkConfirms(_ now: ContinuousClock.Instant) throws(AMQPError) { try self.state.checkConfirms(now: now) }
    func declarationsDue(_ now: ContinuousClock.Instant) -> [BrokerMethod] { self.state.declarationsDue(now: now) }
    func cancel(_ call: UInt64) -> [PublishOutcome]? { self.state.cancel(call)?.outcomes }
    func expire(_ now: ContinuousClock.Instant) -> [Int: [PublishOutcome]] { Self.outcomes(self.state.expireCalls(now: now)) }
    func lose() -> [Int: [PublishOutcome]] { Self.outcomes(self.state.lost()) }
    func stop() -> [Int: [PublishOutcome]] { Self.outcomes(self.state.stop(now: self.start)) }
    func end() -> [Int: [PublishOutcome]] { Self.outcomes(self.state.ended()) }

    private static func outcomes(_ completions: [PublisherState<Int>.Completion]) -> [Int: [PublishOutcome]] {
        Dictionary(uniqueKeysWithValues: completions.map { ($0.caller, $0.outcomes) })
    }
}

extension AMQPMessage {
    /// A mandatory message of the given id.
    fileprivate static func test(_ id: String) -> AMQPMessage {
        var properties = AMQPProperties()
        properties.messageID = id
        return AMQPMessage(exchange: "e", routingKey: "k", properties: properties, body: [])
    }
}
