import AMQP
import Contrato
import Fixtures
import FluxoDeCaixa
import Logging
import MensageriaFakes
import NIOConcurrencyHelpers
import Testing

@testable import Mensageria

@Suite(.timeLimit(.minutes(5))) struct DeadLettersTests {
    private static let recusa = MessageRefusal(motivo: .ilegivel, erro: "e")

    private static func delivery(
        _ number: UInt64, generation: UInt64 = 1, body: [UInt8] = [], change: (inout AMQPProperties) -> Void = { _ in }
    ) -> Delivery {
        var properties = AMQPProperties()
        properties.messageID = "m\(number)"
        change(&properties)
        return Delivery(
            tag: DeliveryTag(generation: generation, number: number), redelivered: false, exchange: "fluxo-caixa.lancamentos",
            routingKey: "lancamento.registrado.credito.loja", properties: properties, body: body, bodyBytesTotal: UInt64(body.count))
    }

    private static func letter(_ number: UInt64, generation: UInt64 = 1) -> DeadLetter {
        DeadLetter(delivery: self.delivery(number, generation: generation), recusa: self.recusa, recebidoEm: Instante(milissegundos: 0))
    }

    /// As many unconfirmed letters as are allowed, of messages 1 and up.
    private static func full() -> PendingLetters<UInt64> {
        var letters = PendingLetters<UInt64>()
        for number in 1...UInt64(PendingLetters<UInt64>.max) {
            let admitted = letters.add(self.letter(number), waiter: number)
            #expect(admitted == [number])
        }
        return letters
    }

    private let broker = FakeBroker()
    private let settled = NIOLockedValueBox<[UInt64]>([])

    /// Makes dead letters with as many unconfirmed ones as are allowed. They are sent by ``send(_:count:)``.
    private func makeFull() async -> DeadLetters {
        let letters = DeadLetters(
            queue: "fila", deadLetterQueue: "fila.dlq", publisher: self.broker,
            settle: { [settled] tags in settled.withLockedValue { $0 += tags.map(\.number) } },
            agora: { Instante(milissegundos: 0) }, logger: Logger(label: "tests"))
        for number in 1...100 { await letters.accept(Self.delivery(UInt64(number)), Self.recusa) }
        return letters
    }

    /// Runs them until this many are sent. Returns their message ids.
    private func send(_ letters: DeadLetters, count: Int) async -> [String?] {
        let run = Task { await letters.run() }
        #expect(await eventually { await self.broker.messages.count == count })
        run.cancel()
        await run.value
        return await self.broker.messages.map(\.properties.messageID)
    }

    @Test func `letters that find no room wait in order`() {
        var letters = Self.full()
        for number: UInt64 in 101...103 {
            let admitted = letters.add(Self.letter(number), waiter: number)
            #expect(admitted.isEmpty)
        }
        let admitted = letters.remove([DeliveryTag(generation: 1, number: 7), DeliveryTag(generation: 1, number: 9)])
        #expect(admitted == [101, 102])
        #expect(letters.letters.count == 100)
        #expect(letters.waiting.map(\.waiter) == [103])
    }

    @Test func `letters of a closed channel make room for those that wait`() {
        var letters = Self.full()
        let waits = letters.add(Self.letter(101), waiter: 101)
        #expect(waits.isEmpty)
        let admitted = letters.add(Self.letter(1, generation: 2), waiter: 201)
        #expect(admitted == [101, 201])
        #expect(letters.letters.map(\.delivery.tag.number) == [101, 1])
    }

    @Test func `a letter whose wait is cancelled is not added`() {
        var letters = Self.full()
        _ = letters.add(Self.letter(101), waiter: 101)
        let tag = DeliveryTag(generation: 1, number: 101)
        #expect(letters.cancel(tag) == 101)
        #expect(letters.cancel(tag) == nil)
        #expect(letters.cancel(DeliveryTag(generation: 1, number: 1)) == nil, "it does not wait")
        let admitted = letters.remove([DeliveryTag(generation: 1, number: 1)])
        #expect(admitted.isEmpty)
        #expect(letters.letters.count == 99)
    }

    @Test func `messages that wait for room are accepted in order as letters are confirmed`() async {
        let letters = await self.makeFull()
        var waiting: [Task<Void, Never>] = []
        for number: UInt64 in 101...150 {
            waiting.append(Task { await letters.accept(Self.delivery(number), Self.recusa) })
            #expect(await eventually { letters.waitingCount == waiting.count })
        }
        let sent = await self.send(letters, count: 150)
        for task in waiting { await task.value }
        #expect(sent == (1...150).map { "m\($0)" })
        #expect(self.settled.withLockedValue { $0 } == Array(1...150))
    }

    @Test func `a cancelled wait leaves the message unsettled`() async {
        let letters = await self.makeFull()
        let waiting = Task { await letters.accept(Self.delivery(101), Self.recusa) }
        #expect(await eventually { letters.waitingCount == 1 })
        waiting.cancel()
        await waiting.value
        #expect(letters.waitingCount == 0)
        #expect(await self.send(letters, count: 100) == (1...100).map { "m\($0)" })
        #expect(self.settled.withLockedValue { $0 } == Array(1...100))
    }

    @Test func `a dead letter carries nothing that the broker would route, expire or refuse it by`() {
        let delivery = Self.delivery(1, body: [1, 2]) { properties in
            properties.userID = "outro"
            properties.expiration = "1"
            properties.replyTo = "alguem"
            properties.messageID = "m"
            properties.correlationID = "c"
            properties.headers = ["CC": .array(["x"]), "BCC": .array(["y"]), "proprio": .int32(7), "motivo": "forjado"]
        }
        let letter = DeadLetter(delivery: delivery, recusa: .init(motivo: .ilegivel, erro: "e"), recebidoEm: Instante(milissegundos: 0))
        let message = letter.message(from: "fila", to: "fila.dlq", missingID: "nenhum")
        #expect(message.properties.userID == nil)
        #expect(message.properties.expiration == nil)
        #expect(message.properties.replyTo == nil)
        #expect(message.properties.messageID == "m")
        #expect(message.properties.correlationID == "c")
        #expect(message.body == [1, 2])
        let headers = message.properties.headers ?? [:]
        #expect(headers["CC"] == nil && headers["BCC"] == nil)
        #expect(headers["proprio"] == .int32(7))
        #expect(headers["motivo"] == "ilegivel")
        #expect(headers["usuario"] == "outro")
        #expect(headers["fila"] == "fila")
        #expect(headers["chave_de_roteamento"] == "lancamento.registrado.credito.loja")
        #expect(headers["recebido_em"] == "1970-01-01T00:00:00.000Z")
    }

    @Test func `a dead letter that is cut says so`() {
        let whole = Self.delivery(1, body: [1, 2])
        let cut = Delivery(
            tag: whole.tag, redelivered: false, exchange: whole.exchange, routingKey: whole.routingKey, properties: whole.properties,
            body: whole.body, bodyBytesTotal: 300_000)
        func erro(_ delivery: Delivery) -> AMQPValue? {
            DeadLetter(delivery: delivery, recusa: .init(motivo: .ilegivel, erro: "e"), recebidoEm: Instante(milissegundos: 0))
                .message(from: "fila", to: "fila.dlq", missingID: "nenhum").properties.headers?["erro"]
        }
        #expect(erro(whole) == "e")
        #expect(erro(cut) == "e O corpo tinha 300000 bytes; só os primeiros 2 foram guardados.")
    }
}
