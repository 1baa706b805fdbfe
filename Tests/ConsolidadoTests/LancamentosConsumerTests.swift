import AMQP
import Contrato
import Fixtures
import FluxoDeCaixa
import Logging
import Mensageria
import MensageriaFakes
import NIOConcurrencyHelpers
import Testing

@testable import Consolidado

@Suite(.timeLimit(.minutes(5))) struct LancamentosConsumerTests {
    private static func entry(_ number: UInt64, conta: String = "loja", centavos: Int64 = 100) -> Lancamento {
        TestEntry.make(number, conta: conta, centavos: centavos)
    }

    private static func delivery(
        _ number: UInt64, body: [UInt8], change: (inout AMQPProperties) -> Void = { _ in }
    ) -> Delivery {
        var properties = AMQPProperties()
        change(&properties)
        return Delivery(
            tag: DeliveryTag(generation: 1, number: number), redelivered: false, exchange: "fluxo-caixa.lancamentos",
            routingKey: "lancamento.registrado.credito.loja", properties: properties, body: body, bodyBytesTotal: UInt64(body.count)
        )
    }

    private static func delivery(_ number: UInt64, _ entry: Lancamento) -> Delivery {
        self.delivery(number, body: EventoLancamentoRegistrado.encode(entry, urlPublica: "http://localhost"))
    }

    /// Runs a consumer over the batches until all of them are handled.
    /// - Parameter meanwhile: runs beside the consumer.
    private func consume(
        _ batches: [[Delivery]], from repository: FakeSaldoRepository, broker: FakeBroker = FakeBroker(), usuarioDosEventos: String? = nil,
        meanwhile: @escaping @Sendable (FakeSource) async -> Void = { _ in }
    ) async throws -> FakeSource {
        let source = FakeSource(batches) { await repository.hasSeen($0) }
        let logger = Logger(label: "tests")
        let deadLetters = DeadLetters(
            queue: "consolidado.lancamentos", deadLetterQueue: "consolidado.lancamentos.dlq", publisher: broker,
            settle: { await source.settle($0) }, agora: { Instante(milissegundos: 0) }, logger: logger
        )
        let consumer = LancamentosConsumer(
            source: source, service: ConsolidacaoService(repository: repository), deadLetters: deadLetters,
            usuarioDosEventos: usuarioDosEventos, isDatabaseReady: { true }, agora: { Instante(milissegundos: 0) }, logger: logger
        )
        async let scene: Void = meanwhile(source)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await deadLetters.run() }
            group.addTask { try await consumer.run() }
            // The consumer ends when everything is settled; then the sender of dead letters is cancelled.
            _ = try await group.next()
            group.cancelAll()
        }
        await scene
        return source
    }

    @Test func `a message is settled after its entry is applied, never before`() async throws {
        let repository = FakeSaldoRepository()
        let source = try await self.consume([[Self.delivery(1, Self.entry(1)), Self.delivery(2, Self.entry(2))]], from: repository)
        #expect(await source.settled == [1, 2])
        #expect(await source.settledBeforeHandled.isEmpty)
        #expect(await repository.entries.count == 2)
    }

    @Test func `one batch after the other is in the database`() async throws {
        let repository = FakeSaldoRepository()
        let batches = (1...8).map { number in [Self.delivery(UInt64(number), Self.entry(UInt64(number)))] }
        let source = try await self.consume(batches, from: repository)
        #expect(await source.settled.sorted() == Array(1...8))
        #expect(await repository.batchesAtOnceMax == 1)
    }

    @Test func `poison becomes dead letters with reasons and the other messages are applied`() async throws {
        let repository = FakeSaldoRepository()
        let broker = FakeBroker()
        let other = EventoLancamentoRegistrado.encode(Self.entry(3), urlPublica: "http://localhost")
        let version2 = Array(String(decoding: other, as: UTF8.self).replacing("registrado.v1", with: "registrado.v2").utf8)
        let source = try await self.consume(
            [
                [
                    Self.delivery(1, Self.entry(1)), Self.delivery(2, body: Array("{".utf8)), Self.delivery(3, body: version2),
                    Self.delivery(4, Self.entry(1, centavos: 5)), Self.delivery(5, Self.entry(1)), Self.delivery(6, Self.entry(2)),
                ]
            ],
            from: repository,
            broker: broker
        )
        #expect(await source.settled.sorted() == [1, 2, 3, 4, 5, 6])
        #expect(await repository.entries.keys.sorted() == [Self.entry(1).id, Self.entry(2).id])
        let letters = await broker.messages
        let reasons = letters.compactMap { $0.properties.headers?["motivo"]?.stringValue }
        #expect(reasons.sorted() == ["conflito", "ilegivel", "versao-desconhecida"])
        #expect(letters.allSatisfy { $0.routingKey == "consolidado.lancamentos.dlq" && $0.mandatory && $0.properties.persistent == true })
    }

    @Test func `where a user is configured, events of others and without a user are refused`() async throws {
        func delivery(_ number: UInt64, user: String?) -> Delivery {
            Self.delivery(number, body: EventoLancamentoRegistrado.encode(Self.entry(number), urlPublica: "http://localhost")) {
                $0.userID = user
            }
        }
        let deliveries = [
            delivery(1, user: "lancamentos"), delivery(2, user: "Lancamentos"), delivery(3, user: nil), delivery(4, user: "lancamentos"),
        ]
        let repository = FakeSaldoRepository()
        let broker = FakeBroker()
        let source = try await self.consume([deliveries], from: repository, broker: broker, usuarioDosEventos: "lancamentos")
        #expect(await source.settled.sorted() == [1, 2, 3, 4])
        #expect(await repository.entries.keys.sorted() == [Self.entry(1).id, Self.entry(4).id])
        #expect(await broker.messages.map { $0.properties.headers?["motivo"] } == ["origem-nao-permitida", "origem-nao-permitida"])
        let trusting = FakeSaldoRepository()
        _ = try await self.consume([deliveries], from: trusting)
        #expect(await trusting.entries.count == 4)
    }

    @Test func `a dead letter that is not confirmed is sent again and its message not settled before`() async throws {
        let broker = FakeBroker(first: [.rejected])
        let source = try await self.consume([[Self.delivery(1, body: [])]], from: FakeSaldoRepository(), broker: broker)
        #expect(await source.settled == [1])
        #expect(await broker.messages.count == 2)
    }

    @Test func `an entry that the database refuses does not affect others`() async throws {
        let repository = FakeSaldoRepository(refusedID: Self.entry(2).id)
        let broker = FakeBroker()
        let source = try await self.consume(
            [[Self.delivery(1, Self.entry(1)), Self.delivery(2, Self.entry(2)), Self.delivery(3, Self.entry(3))]], from: repository,
            broker: broker
        )
        #expect(await source.settled.sorted() == [1, 2, 3])
        #expect(await repository.entries.count == 2)
        #expect(await broker.messages.count == 1)
    }

    @Test func `an outage stops consumption, settles nothing, and ends by itself`() async throws {
        // All attempts of a batch fail twice: the readiness check passes too early in the first outage.
        let repository = FakeSaldoRepository(failures: 6)
        let source = try await self.consume([[Self.delivery(1, Self.entry(1))]], from: repository)
        #expect(await source.suspensions == 2)
        #expect(await source.settled == [1])
        #expect(await source.settledBeforeHandled.isEmpty)
        #expect(await source.lateTags.isEmpty)
    }

    @Test func `an outage that one batch met does not stop consumption again for the next`() async throws {
        let repository = FakeSaldoRepository(failures: 3)
        let source = try await self.consume([[Self.delivery(1, Self.entry(1))], [Self.delivery(2, Self.entry(2))]], from: repository)
        #expect(await source.suspensions == 1)
        #expect(await source.settled.sorted() == [1, 2])
    }

    /// Two batches over four accounts, with two entries of each.
    private static let overAccounts = [[1, 2, 3, 4], [5, 6, 7, 8]].map { numbers in
        numbers.map { number in Self.delivery(number, Self.entry(number, conta: "loja\(number % 4)")) }
    }

    @Test(arguments: ["held", "hidden", "damaged"])
    func `an account that cannot be changed delays no other, and is applied once it is free`(kind: String) async throws {
        let repository = FakeSaldoRepository()
        let conta: Set<Conta> = [Conta("loja2")!]
        await repository.hold(kind == "held" ? conta : [], hidden: kind == "hidden" ? conta : [], damaged: kind == "damaged" ? conta : [])
        let source = try await self.consume(Self.overAccounts, from: repository) { source in
            #expect(await eventually { await source.settled.count == 6 })
            #expect(await source.settled.sorted() == [1, 3, 4, 5, 7, 8])
            await repository.hold()
        }
        #expect(await source.settled.sorted() == Array(1...8))
        #expect(await repository.entries.count == 8)
        #expect(await source.settledBeforeHandled.isEmpty)
        #expect(await source.suspensions == 0)
    }

    @Test func `an account with many entries leaves room for the others`() async throws {
        let repository = FakeSaldoRepository()
        await repository.hold([Conta("loja2")!])
        let batches: [[Delivery]] = (0..<5).map { (batch: UInt64) -> [Delivery] in
            (1...100).map { (place: UInt64) -> Delivery in
                let number = batch * 100 + place
                return Self.delivery(number, Self.entry(number, conta: "loja2"))
            }
        }
        let source = try await self.consume(batches, from: repository) { source in
            // A quarter of the prefetch of 1,000.
            #expect(await eventually { await source.rooms == 1 })
            await repository.hold()
        }
        #expect(await source.settled.count == 500)
    }

    @Test func `a batch waits once for a row that is held, and no later batch waits for it`() async throws {
        let repository = FakeSaldoRepository()
        await repository.hold([Conta("loja2")!])
        _ = try await self.consume(Self.overAccounts, from: repository) { source in
            #expect(await eventually { await source.settled.count == 6 })
            #expect(await repository.lockTimeouts == 1)
            await repository.hold()
        }
    }

    @Test func `an outage while an account is set aside loses and doubles nothing`() async throws {
        let repository = FakeSaldoRepository()
        await repository.hold([Conta("loja2")!])
        let source = try await self.consume(Self.overAccounts, from: repository) { source in
            #expect(await eventually { await source.settled.count == 6 })
            await repository.fail(3)
            await repository.hold()
        }
        #expect(await source.suspensions == 1)
        #expect(await source.settled.sorted() == Array(1...8))
        #expect(await source.lateTags.isEmpty)
    }

    @Test func `more poison than may be unconfirmed gets through`() async throws {
        let broker = FakeBroker()
        let poison = (1...350).map { Self.delivery(UInt64($0), body: []) }
        let source = try await self.consume([poison], from: FakeSaldoRepository(), broker: broker)
        #expect(await source.settled.count == 350)
        #expect(await broker.messages.count == 350)
    }

    @Test func `texts that cannot be sent are left out of a letter`() async throws {
        let broker = FakeBroker()
        let long = String(repeating: "\u{FFFD}", count: 100)
        let poison = Self.delivery(1, body: []) {
            $0.messageID = long
            $0.correlationID = "curto"
        }
        let source = try await self.consume([[poison]], from: FakeSaldoRepository(), broker: broker)
        #expect(await source.settled == [1])
        let letter = try #require(await broker.messages.last)
        #expect(letter.properties.messageID?.isEmpty == false && letter.properties.messageID != long)
        #expect(letter.properties.correlationID == "curto")
    }
}
