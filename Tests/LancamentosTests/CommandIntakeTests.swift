import AMQP
import Contrato
import FluxoDeCaixa
import Logging
import Mensageria
import MensageriaFakes
import NIOConcurrencyHelpers
import Observability
import Testing

@testable import Lancamentos

@Suite(.timeLimit(.minutes(5))) struct CommandIntakeTests {
    private static let fila = "amq.gen-fila"

    /// Runs an intake over the batches until all of them are settled.
    private func take(
        _ batches: [[Delivery]],
        from repository: FakeLancamentoRepository,
        replies: FakeBroker = FakeBroker(),
        letters: FakeBroker = FakeBroker(),
        queueMax: Int = 1000,
        logger: Logger = Logger(label: "tests")
    ) async throws -> FakeSource {
        let source = FakeSource(batches) { delivery in
            // Only stored or answered commands are settled.
            let isStored = await repository.entries.values.contains { $0.lancamento.chave?.texto == delivery.properties.messageID }
            let isAnswered = await replies.messages.contains { $0.properties.correlationID == delivery.properties.correlationID }
            let isDead = await letters.messages.contains { $0.properties.messageID == delivery.properties.messageID }
            return isStored || isAnswered || isDead
        }
        let batcher = WriteBatcher(
            repository: repository, limits: .init(queueMax: queueMax, batchRowsMax: 50, workers: 2, answerMax: .milliseconds(250)),
            logger: logger, handOff: { _ in }
        )
        let service = LancamentoService(
            repository: repository, batcher: batcher,
            clock: .init(agora: { Instante(milissegundos: 1_795_500_000_000) }, hoje: { Comandos.hoje })
        )
        let deadLetters = DeadLetters(
            queue: AMQPNames.Queue.comandos, deadLetterQueue: AMQPNames.Queue.comandosDLQ, publisher: letters,
            settle: { await source.settle($0) }, agora: { Instante(milissegundos: 0) }, logger: logger
        )
        let ids = NIOLockedValueBox(0)
        let intake = CommandIntake(
            source: source, reader: Comandos.reader, service: service, replies: ReplySender(publisher: replies, logger: logger),
            deadLetters: deadLetters,
            surroundings: .init(
                urlPublica: "http://localhost:8080", agora: { Instante(milissegundos: 0) },
                newID: {
                    ids.withLockedValue { id in
                        id += 1
                        return "uuid-\(id)"
                    }
                },
                isDatabaseReady: { true }
            ),
            logger: logger
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await batcher.run() }
            group.addTask { await deadLetters.run() }
            group.addTask { try await intake.run() }
            // The intake ends when everything is settled; then the other tasks are cancelled.
            _ = try await group.next()
            group.cancelAll()
        }
        return source
    }

    private static func asking(_ number: UInt64) -> (inout AMQPProperties) -> Void {
        { properties in
            properties.replyTo = Self.fila
            properties.correlationID = "c\(number)"
        }
    }

    @Test func `commands are registered through the queue's channel and settled after the commit`() async throws {
        // Without it a fast worker could take the commands one by one.
        let repository = FakeLancamentoRepository(insertTime: .milliseconds(20))
        let source = try await self.take([(1...100).map { Comandos.delivery(UInt64($0)) }], from: repository)
        #expect(await source.settled.count == 100)
        #expect(await source.settledBeforeHandled.isEmpty)
        let entries = await repository.entries.values.map(\.lancamento)
        #expect(entries.count == 100)
        #expect(entries.allSatisfy { $0.canal == .fila && $0.registradoPor == "loja" && $0.data == Comandos.hoje })
        #expect(await repository.batchSizes.count < 100)
    }

    @Test func `the answer is REST's, with its status in a header and nothing of the sender's but the correlation`() async throws {
        let replies = FakeBroker()
        let asGood: (inout AMQPProperties) -> Void = {
            $0.messageID = "m1"
            $0.replyTo = Self.fila
            $0.correlationID = "c1"
            $0.headers = ["CC": .array(["lancamentos.comandos"]), "proprio": "x", "status": "forjado"]
            $0.expiration = "1"
        }
        let (good, again) = (Comandos.delivery(1, change: asGood), Comandos.delivery(3, change: asGood))
        let bad = Comandos.delivery(2, body: "{", change: Self.asking(2))
        _ = try await self.take([[good], [again, bad]], from: FakeLancamentoRepository(), replies: replies)
        let answers = await replies.messages
        let statuses = answers.map { $0.properties.headers?["status"] }
        #expect(statuses.count == 3 && Set(statuses) == [.int32(201), .int32(200), .int32(400)])
        for answer in answers {
            #expect(answer.exchange.isEmpty && answer.routingKey == Self.fila && answer.mandatory)
            #expect(answer.properties.headers?.entries.count == 1)
            #expect(answer.properties.expiration == nil && answer.properties.replyTo == nil && answer.properties.userID == nil)
            #expect(answer.properties.messageID?.hasPrefix("uuid-") == true)
        }
        let created = try #require(answers.first { $0.properties.headers?["status"] == .int32(201) })
        #expect(created.properties.contentType == "application/json")
        #expect(created.properties.correlationID == "c1")
        #expect(try JSONReader.read(created.body)["chave"] == .string("m1"))
        let replayed = try #require(answers.first { $0.properties.headers?["status"] == .int32(200) })
        #expect(replayed.body == created.body)
        let refused = try #require(answers.first { $0.properties.headers?["status"] == .int32(400) })
        #expect(refused.properties.contentType == "application/problem+json")
        let problem = try JSONReader.read(refused.body)
        #expect(problem["type"] == .string("http://localhost:8080/problemas#ilegivel"))
        #expect(problem["instance"] == .string("urn:uuid:\(refused.properties.messageID ?? "")"))
    }

    @Test func `a refusal that cannot be answered is dead-lettered with its reason`() async throws {
        let letters = FakeBroker()
        let refused: [(Motivo, Delivery)] = [
            (.ilegivel, Comandos.delivery(1, body: "{")),
            (.semMessageID, Comandos.delivery(2) { $0.messageID = nil }),
            (.invalido, Comandos.delivery(3, body: "{}")),
            (.contaNaoPermitida, Comandos.delivery(4, routingKey: "lancamento.registrar.outra")),
            (.origemNaoPermitida, Comandos.delivery(5, exchange: "")),
            (.conflito, Comandos.delivery(7, body: #"{"conta":"loja","tipo":"credito","valor":"2.00"}"#) { $0.messageID = "m6" }),
        ]
        let repository = FakeLancamentoRepository()
        _ = try await self.take([[Comandos.delivery(6)]], from: repository)
        let source = try await self.take([refused.map(\.1)], from: repository, letters: letters)
        #expect(await source.settled.count == refused.count)
        let sent = await letters.messages
        #expect(sent.allSatisfy { $0.routingKey == AMQPNames.Queue.comandosDLQ && $0.mandatory })
        #expect(Set(sent.compactMap { $0.properties.headers?["motivo"]?.stringValue }) == Set(refused.map(\.0.rawValue)))
        #expect(sent.allSatisfy { $0.properties.headers?["fila"] == "lancamentos.comandos" && $0.properties.headers?["usuario"] == "loja" })
        #expect(sent.allSatisfy { $0.properties.headers?["erro"]?.stringValue?.isEmpty == false })
    }

    @Test(arguments: [PublishOutcome.returned(code: 312, text: "NO_ROUTE"), .rejected, .invalid(AMQPError(.invalidMessage))])
    func `an answer that no queue accepts: a good command stays, a refusal goes to the dead letters`(outcome: PublishOutcome) async throws {
        let repository = FakeLancamentoRepository()
        let (replies, letters) = (FakeBroker(outcomes: [Self.fila: outcome]), FakeBroker())
        let source = try await self.take(
            [[Comandos.delivery(1, change: Self.asking(1)), Comandos.delivery(2, body: "{", change: Self.asking(2))]], from: repository,
            replies: replies, letters: letters
        )
        #expect(await source.settled.count == 2)
        #expect(await repository.entries.count == 1)
        #expect(await letters.messages.compactMap { $0.properties.headers?["motivo"]?.stringValue } == ["ilegivel"])
        #expect(await replies.messages.count == 2)
    }

    @Test func `without a correlation, or with another queue to answer to, nothing is answered`() async throws {
        let (replies, letters) = (FakeBroker(), FakeBroker())
        let deliveries = [
            Comandos.delivery(1) { $0.replyTo = Self.fila },
            Comandos.delivery(2) { $0.correlationID = "c" },
            Comandos.delivery(3) {
                $0.replyTo = "consolidado.lancamentos"
                $0.correlationID = "c"
            },
            Comandos.delivery(4, body: "{") {
                $0.replyTo = "respostas.outra.x"
                $0.correlationID = "c"
            },
        ]
        let repository = FakeLancamentoRepository()
        let source = try await self.take([deliveries], from: repository, replies: replies, letters: letters)
        #expect(await source.settled.count == 4)
        #expect(await repository.entries.count == 3)
        #expect(await replies.messages.isEmpty)
        #expect(await letters.messages.count == 1)
    }

    @Test func `an address that is not allowed is logged once for each user`() async throws {
        let lines = NIOLockedValueBox<[String]>([])
        let logger = Logger(label: "tests") { label in
            TextLogHandler(
                label: label, level: LogLevel(.warning), agora: { Instante(milissegundos: 0) },
                write: { line in lines.withLockedValue { $0.append(line) } })
        }
        let deliveries = [nil, nil, "outra", "outra", "loja"].enumerated().map { position, user in
            Comandos.delivery(UInt64(position + 1)) {
                $0.userID = user
                $0.replyTo = "respostas.loja.x"
                $0.correlationID = "c\(position)"
            }
        }
        let replies = FakeBroker()
        let source = try await self.take([deliveries], from: FakeLancamentoRepository(), replies: replies, logger: logger)
        #expect(await source.settled.count == 5)
        #expect(await replies.messages.map(\.properties.correlationID) == ["c4"])
        let logged = lines.withLockedValue { $0 }
        #expect(logged.count == 2)
        for user in ["-", "outra"] {
            #expect(logged.contains { $0.contains("user=\(user)\n") && !$0.contains("respostas.loja.x") })
        }
    }

    @Test func `an answer that ends the connection each time is given up, the others arrive`() async throws {
        let poison = "amq.gen-veneno"
        let replies = FakeBroker(first: [.unknown, .unknown, .unknown], outcomes: [poison: .unknown])
        let deliveries = [
            Comandos.delivery(1, change: Self.asking(1)),
            Comandos.delivery(2) {
                $0.replyTo = poison
                $0.correlationID = "c2"
            },
            Comandos.delivery(3, change: Self.asking(3)),
        ]
        let source = try await self.take([deliveries], from: FakeLancamentoRepository(), replies: replies)
        #expect(await source.settled.count == 3)
        #expect(await replies.messages(to: poison).count == 1 + ReplySender.attemptsMax)
        #expect(await replies.messages(to: Self.fila).count == 4)
    }

    @Test func `an outage stops consumption, settles nothing, and the commands are registered afterwards`() async throws {
        // All attempts of one command fail, twice.
        let repository = FakeLancamentoRepository(insertFaults: Array(repeating: .unavailable, count: 6))
        let source = try await self.take([[Comandos.delivery(1)]], from: repository)
        #expect(await source.suspensions == 2)
        #expect(await source.settled == [1])
        #expect(await source.settledBeforeHandled.isEmpty)
        #expect(await source.lateTags.isEmpty)
    }

    @Test func `an unknown outcome is run again under the same key, and makes one entry`() async throws {
        let repository = FakeLancamentoRepository(insertFaults: [.answerLost, .unavailable, .unavailable, .unavailable])
        let source = try await self.take([[Comandos.delivery(1)]], from: repository)
        #expect(await source.settled == [1])
        #expect(await repository.entries.count == 1)
    }

    @Test func `more commands than may wait to be written wait, and none is refused`() async throws {
        let repository = FakeLancamentoRepository()
        let letters = FakeBroker()
        let source = try await self.take([(1...60).map { Comandos.delivery(UInt64($0)) }], from: repository, letters: letters, queueMax: 3)
        #expect(await source.settled.count == 60)
        #expect(await repository.entries.count == 60)
        #expect(await letters.messages.isEmpty)
    }

    @Test func `the day of the timestamp is the entry's and no part of its content`() async throws {
        let repository = FakeLancamentoRepository()
        let replies = FakeBroker()
        let first = Comandos.delivery(1) { $0.timestamp = Comandos.ontem }
        let again = Comandos.delivery(2) {
            $0.messageID = "m1"
            $0.replyTo = Self.fila
            $0.correlationID = "c"
        }
        // Not in one run, which has two batches in flight.
        _ = try await self.take([[first]], from: repository, replies: replies)
        _ = try await self.take([[again]], from: repository, replies: replies)
        #expect(await repository.entries.values.map(\.lancamento.data) == [Dia(parsing: "2026-11-23")!])
        #expect(await replies.messages.map { $0.properties.headers?["status"] } == [.int32(200)])
    }
}
