import AMQP
import Logging
import MensageriaFakes
import Testing

@testable import Consolidado

@Suite(.timeLimit(.minutes(5))) struct SuspectDeliveriesTests {
    /// A message that was delivered this often before; 0 makes no header, as the broker does.
    private static func delivery(_ number: UInt64, earlier: Int64 = 0, header: String = "x-delivery-count") -> Delivery {
        var properties = AMQPProperties()
        if earlier > 0 { properties.headers = [header: .int64(earlier)] }
        return Delivery(
            tag: DeliveryTag(generation: 1, number: number), redelivered: earlier > 0, exchange: "fluxo-caixa.lancamentos",
            routingKey: "lancamento.registrado.credito.loja", properties: properties, body: [], bodyBytesTotal: 0)
    }

    /// A source after a connection has ended, so that messages are redelivered.
    private static func source(_ batches: [[Delivery]]) async -> (SuspectDeliveries, FakeSource) {
        let queue = FakeSource(batches) { _ in true }
        await queue.suspendConsuming()
        await queue.resumeConsuming()
        return (SuspectDeliveries(queue, logger: Logger(label: "tests")), queue)
    }

    /// The messages of the next batches, each settled: a queue of which everything is settled ends.
    private static func numbers(_ source: SuspectDeliveries, batches: Int) async -> [[UInt64]] {
        var numbers: [[UInt64]] = []
        for _ in 0..<batches {
            let tags = await source.nextBatch()?.tags ?? []
            numbers.append(tags.map(\.number))
            await source.settle(tags)
        }
        return numbers
    }

    @Test func `a message that was delivered many times is handed out alone, after the others`() async {
        let batch = [Self.delivery(1, earlier: 19), Self.delivery(2, earlier: 20), Self.delivery(3), Self.delivery(4, earlier: 500)]
        let (source, _) = await Self.source([batch, [Self.delivery(5)]])
        #expect(await Self.numbers(source, batches: 4) == [[1, 3], [2], [4], [5]])
    }

    @Test func `a batch of suspects alone is handed out one by one`() async {
        let (source, _) = await Self.source([[Self.delivery(1, earlier: 20), Self.delivery(2, earlier: 20)], [Self.delivery(3)]])
        #expect(await Self.numbers(source, batches: 3) == [[1], [2], [3]])
    }

    @Test func `deliveries that ended with their connection count, as RabbitMQ 4 counts them`() async {
        let (source, _) = await Self.source([[Self.delivery(1, earlier: 20, header: "x-acquired-count"), Self.delivery(2)]])
        #expect(await Self.numbers(source, batches: 2) == [[2], [1]])
    }

    @Test func `a sender cannot make a message suspect at its first delivery`() async {
        let queue = FakeSource([[Self.delivery(1, earlier: 20), Self.delivery(2)]]) { _ in true }
        let source = SuspectDeliveries(queue, logger: Logger(label: "tests"))
        #expect(await Self.numbers(source, batches: 1) == [[1, 2]])
    }

    @Test func `suspects of a closed channel are not handed out`() async {
        let (source, queue) = await Self.source([[Self.delivery(1, earlier: 20), Self.delivery(2)]])
        #expect(await source.nextBatch()?.tags.map(\.number) == [2])
        await source.suspendConsuming()
        await queue.resumeConsuming()
        // A new channel redelivers both messages.
        let batch = await source.nextBatch()
        #expect(batch?.tags == [DeliveryTag(generation: 3, number: 2)])
    }
}
