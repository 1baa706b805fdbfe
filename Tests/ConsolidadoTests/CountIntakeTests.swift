import AMQP
import Contrato
import Fixtures
import FluxoDeCaixa
import Logging
import Mensageria
import MensageriaFakes
import Storage
import Testing

@testable import Consolidado

/// Counts of registered entries among the events of the queue.
@Suite(.timeLimit(.minutes(5))) struct CountIntakeTests {
    private static let first = Minuto(Instante(parsing: "2026-11-29T10:00:00Z")!)
    private static let conferencia = Conferencia(
        passagem: .nova, registrados: ContagemPorMinuto(periodo: first..<first.somando(1), itens: []))

    private static func delivery(
        _ number: UInt64, exchange: String = "", header: String? = conferencia.encode(), user: String? = nil
    ) -> Delivery {
        var properties = AMQPProperties()
        properties.userID = user
        if let header { properties.headers = [AMQPNames.Header.conferencia: .string(header)] }
        let body = EventoLancamentoRegistrado.encode(TestEntry.make(number), urlPublica: "http://localhost")
        return Delivery(
            tag: DeliveryTag(generation: 1, number: number), redelivered: false, exchange: exchange,
            routingKey: AMQPNames.Queue.consolidado, properties: properties, body: body, bodyBytesTotal: UInt64(body.count))
    }

    /// Runs a consumer over the batch until it is settled.
    private static func consume(
        _ batch: [Delivery], _ repository: FakeSaldoRepository, _ inbox: FakeCountInbox?, usuarioDosEventos: String? = nil
    ) async throws -> (source: FakeSource, broker: FakeBroker) {
        let source = FakeSource([batch]) { _ in true }
        let broker = FakeBroker()
        let logger = Logger(label: "tests")
        let deadLetters = DeadLetters(
            queue: AMQPNames.Queue.consolidado, deadLetterQueue: AMQPNames.Queue.consolidadoDLQ, publisher: broker,
            settle: { await source.settle($0) }, agora: { Instante(milissegundos: 0) }, logger: logger)
        let consumer = LancamentosConsumer(
            source: source, service: ConsolidacaoService(repository: repository), deadLetters: deadLetters,
            usuarioDosEventos: usuarioDosEventos, isDatabaseReady: { true }, agora: { Instante(milissegundos: 0) }, counts: inbox,
            logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await deadLetters.run() }
            group.addTask { try await consumer.run() }
            _ = try await group.next()
            group.cancelAll()
        }
        return (source, broker)
    }

    @Test func `a count is kept and settled, and the event beside it is not applied`() async throws {
        let (repository, inbox) = (FakeSaldoRepository(), FakeCountInbox())
        let (source, broker) = try await Self.consume(
            [Self.delivery(1), Self.delivery(2, exchange: AMQPNames.Exchange.lancamentos, header: nil)], repository, inbox)
        #expect(await inbox.kept == [Self.conferencia])
        #expect(await repository.entries.keys.sorted() == [TestEntry.id(2)])
        #expect(await source.settled.sorted() == [1, 2])
        #expect(await broker.messages.isEmpty)
    }

    @Test func `only a message to this queue alone is a count`() async throws {
        let (repository, inbox) = (FakeSaldoRepository(), FakeCountInbox())
        let events = [Self.delivery(1, exchange: AMQPNames.Exchange.lancamentos), Self.delivery(2, header: nil)]
        _ = try await Self.consume(events, repository, inbox)
        #expect(await inbox.kept.isEmpty)
        #expect(await repository.entries.keys.sorted() == [TestEntry.id(1), TestEntry.id(2)])
    }

    @Test func `where a user is configured, counts of others are refused as their events are`() async throws {
        let (repository, inbox) = (FakeSaldoRepository(), FakeCountInbox())
        let (source, broker) = try await Self.consume(
            [Self.delivery(1, user: "lancamentos"), Self.delivery(2, user: "outro"), Self.delivery(3)], repository, inbox,
            usuarioDosEventos: "lancamentos")
        #expect(await inbox.kept == [Self.conferencia])
        #expect(await repository.entries.isEmpty)
        #expect(await source.settled.sorted() == [1, 2, 3])
        #expect(await broker.messages.map { $0.properties.headers?["motivo"] } == ["origem-nao-permitida", "origem-nao-permitida"])
    }

    @Test func `a count that cannot be read or kept holds up nothing`() async throws {
        let (repository, inbox) = (FakeSaldoRepository(), FakeCountInbox(failures: 1))
        let (source, broker) = try await Self.consume(
            [Self.delivery(1), Self.delivery(2, header: "{}"), Self.delivery(3)], repository, inbox)
        #expect(await inbox.kept == [Self.conferencia])
        #expect(await source.settled.sorted() == [1, 2, 3])
        #expect(await broker.messages.isEmpty)
    }
}

/// Keeps counts in memory.
private actor FakeCountInbox: CountInbox {
    private(set) var kept: [Conferencia] = []
    private var failures: Int

    init(failures: Int = 0) {
        self.failures = failures
    }

    func keep(_ conferencia: Conferencia) async throws(StorageFailure) {
        if self.failures > 0 {
            self.failures -= 1
            throw .unavailable
        }
        self.kept.append(conferencia)
    }
}
