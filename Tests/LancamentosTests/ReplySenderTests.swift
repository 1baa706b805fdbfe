import AMQP
import Logging
import MensageriaFakes
import Testing

@testable import Lancamentos

@Suite struct ReplySenderTests {
    private static let messages = ["a", "b"].map {
        AMQPMessage(exchange: "", routingKey: $0, mandatory: true, properties: AMQPProperties(), body: [])
    }

    private func send(_ broker: FakeBroker) async -> [ReplySender.Fate] {
        await ReplySender(publisher: broker, logger: Logger(label: "tests")).send(Self.messages)
    }

    @Test func `a confirmed answer is sent, and one that no queue accepts is not`() async {
        #expect(await self.send(FakeBroker(first: [.confirmed, .returned(code: 312, text: "")])) == [.answered, .unanswerable])
        #expect(await self.send(FakeBroker(first: [.rejected, .invalid(AMQPError(.invalidMessage))])) == [.unanswerable, .unanswerable])
    }

    @Test func `what was on its way when the connection was lost is sent again`() async {
        let broker = FakeBroker(first: [.unknown, .unknown, .unknown])
        #expect(await self.send(broker) == [.answered, .answered])
        #expect(await broker.messages.map(\.routingKey) == ["a", "b", "a", "a", "b"])
    }

    @Test func `what a shutdown keeps from being sent stays open, it is not given up`() async {
        let broker = FakeBroker(outcomes: ["a": .notSent])
        #expect(await self.send(broker) == [.unknown, .answered])
        #expect(await broker.messages(to: "a").count == 2)
    }

    @Test func `lines about addresses that are not allowed are one a minute and user, of a bounded number of users`() {
        let start = ContinuousClock.now
        var addresses = RefusedAddresses()
        func due(_ user: String?, _ seconds: Int64) -> Bool { addresses.isDue(user, now: start + .seconds(seconds)) }
        let first = [due(nil, 0), due("loja", 0), due(nil, 59), due("loja", 59), due(nil, 60)]
        #expect(first == [true, true, false, false, true])
        let others = (0..<2 * RefusedAddresses.usersMax).filter { due("user\($0)", 90) }
        #expect(others.count == RefusedAddresses.usersMax - 1)
        let later = due("new", 150)
        #expect(later)
    }

    @Test func `an address that accepts no answer is given up once, not for each of its answers`() async {
        let broker = FakeBroker(outcomes: ["a": .unknown])
        let messages = ["a", "b", "a", "a"].map {
            AMQPMessage(exchange: "", routingKey: $0, mandatory: true, properties: AMQPProperties(), body: [])
        }
        let fates = await ReplySender(publisher: broker, logger: Logger(label: "tests")).send(messages)
        #expect(fates == [.unanswerable, .answered, .unanswerable, .unanswerable])
        // Three in the batch, then the first one alone up to the limit of attempts.
        #expect(await broker.messages(to: "a").count == 3 + ReplySender.attemptsMax)
    }
}
