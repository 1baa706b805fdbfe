import AMQP
import Contrato
import FluxoDeCaixa
import Logging
import MensageriaFakes
import Testing

@testable import Lancamentos

@Suite struct AMQPEventPublisherTests {
    private static let events = (1...3).map { number in
        Registration(lancamento: Registrations.make(UInt64(number)).lancamento, seq: Int64(number))
    }

    private func publish(_ broker: FakeBroker) async -> [Bool] {
        let publisher = AMQPEventPublisher(
            publisher: broker, isReady: { true }, user: "lancamentos", urlPublica: "http://localhost", logger: Logger(label: "tests")
        )
        return await publisher.publish(Self.events)
    }

    @Test func `what is confirmed goes out once`() async {
        let broker = FakeBroker()
        #expect(await self.publish(broker) == [true, true, true])
        let messages = await broker.messages
        #expect(messages.count == 3)
        #expect(messages.allSatisfy { $0.exchange == "fluxo-caixa.lancamentos" && $0.mandatory && $0.properties.userID == "lancamentos" })
    }

    @Test func `what some queue rejects goes once more, to the consolidation's queue alone`() async {
        let broker = FakeBroker(first: [.confirmed, .rejected, .rejected])
        #expect(await self.publish(broker) == [true, true, true])
        let copies = await broker.messages(to: "consolidado.lancamentos")
        #expect(copies.map(\.properties.messageID) == Self.events.dropFirst().map(\.lancamento.id.description))
        #expect(copies.allSatisfy { $0.exchange.isEmpty && $0.mandatory && $0.properties.persistent == true })
        let originals = await broker.messages.prefix(3)
        #expect(copies.map(\.body) == originals.dropFirst().map(\.body))
    }

    @Test func `what the consolidation's queue rejects too stays`() async {
        let broker = FakeBroker(first: [.rejected, .confirmed, .rejected], outcomes: ["consolidado.lancamentos": .rejected])
        #expect(await self.publish(broker) == [false, true, false])
        #expect(await broker.messages.count == 5)
    }

    @Test(arguments: [PublishOutcome.returned(code: 312, text: ""), .unknown, .notSent])
    func `any other outcome is no reason to try the queue`(outcome: PublishOutcome) async {
        let broker = FakeBroker(first: [outcome])
        #expect(await self.publish(broker) == [false, true, true])
        #expect(await broker.messages.count == 3)
    }

    @Test func `a repeated warning is logged once an interval, with the total count`() {
        let start = ContinuousClock.now
        var throttle = WarningThrottle(interval: .seconds(5))
        #expect(throttle.add(2, now: start) == 2)
        #expect(throttle.add(3, now: start + .seconds(1)) == nil)
        #expect(throttle.add(4, now: start + .seconds(5)) == 7)
        #expect(throttle.add(1, now: start + .seconds(6)) == nil)
    }
}
