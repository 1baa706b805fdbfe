import AMQP
import Contrato
import FluxoDeCaixa
import MensageriaFakes
import Testing

@testable import Lancamentos
@testable import Mensageria

/// What becomes of a dead letter that an operator sends back.
@Suite struct RequeuedDeliveriesTests {
    private static let origin = RequeuedOrigin.comandos(user: "lancamentos")

    /// A letter as it is stored in the queue of dead letters.
    private static func letter(_ motivo: Motivo = .invalido, of command: Delivery = Comandos.delivery()) -> Delivery {
        let refused = DeadLetter(
            delivery: command, recusa: MessageRefusal(motivo: motivo, erro: "x"), recebidoEm: .init(milissegundos: 0)
        ).message(from: AMQPNames.Queue.comandos, to: AMQPNames.Queue.comandosDLQ, missingID: "feito-aqui")
        return self.delivered(refused, user: nil)
    }

    private static func delivered(_ message: AMQPMessage, user: String?) -> Delivery {
        var properties = message.properties
        properties.userID = user
        return Delivery(
            tag: DeliveryTag(generation: 1, number: 1), redelivered: false, exchange: message.exchange, routingKey: message.routingKey,
            properties: properties, body: message.body, bodyBytesTotal: UInt64(message.body.count))
    }

    private static func requeued(_ letter: Delivery, by user: String = "lancamentos") throws -> Delivery {
        self.delivered(try #require(self.origin.message(requeuing: letter)), user: user)
    }

    private static func motivo(_ delivery: Delivery) -> Motivo? {
        do throws(CommandRefusal) {
            _ = try Comandos.reader.read(delivery)
            return nil
        } catch {
            return error.motivo
        }
    }

    @Test func `a requeued letter is the command that was refused`() throws {
        let command = Comandos.delivery { $0.headers = ["traceparent": "t"] }
        let restored = Self.origin.restored(try Self.requeued(Self.letter(of: command)))
        #expect(restored.exchange == command.exchange && restored.routingKey == command.routingKey)
        #expect(restored.properties.userID == command.properties.userID && restored.properties.messageID == command.properties.messageID)
        #expect(restored.properties.headers == command.properties.headers)
        #expect(restored.body == command.body)
        #expect(Self.motivo(restored) == nil)
    }

    @Test func `what a letter cannot show stays refused`() throws {
        let foreign = Self.letter(.origemNaoPermitida, of: Comandos.delivery(exchange: "amq.topic"))
        #expect(Self.motivo(Self.origin.restored(try Self.requeued(foreign))) == .origemNaoPermitida)
        let keyless = Self.letter(.semMessageID, of: Comandos.delivery { $0.messageID = nil })
        #expect(keyless.properties.messageID == "feito-aqui")
        #expect(Self.motivo(Self.origin.restored(try Self.requeued(keyless))) == .semMessageID)
        let died = Self.letter(of: Comandos.delivery { $0.headers = ["x-death": .array([])] })
        #expect(Self.motivo(Self.origin.restored(try Self.requeued(died))) == .origemNaoPermitida)
        let elsewhere = Self.letter(of: Comandos.delivery(routingKey: "lancamento.registrar.outra"))
        #expect(Self.motivo(Self.origin.restored(try Self.requeued(elsewhere))) == .contaNaoPermitida)
    }

    @Test func `nobody else can send a requeued letter`() throws {
        let letter = Self.letter()
        let forged = try Self.requeued(letter, by: "integrador")
        #expect(Self.origin.restored(forged) == forged)
        #expect(Self.motivo(forged) == .origemNaoPermitida)
        // The headers of a letter on a message that came through the exchange for commands are only headers.
        let sent = Comandos.delivery { properties in
            properties.headers = letter.properties.headers
            properties.userID = "lancamentos"
        }
        #expect(Self.origin.restored(sent) == sent)
    }

    @Test func `other queues' letters and messages that are no letters are not requeued`() {
        var letter = Self.letter()
        #expect(RequeuedOrigin(queue: "outra", exchange: "e", user: "u").message(requeuing: letter) == nil)
        #expect(Self.origin.message(requeuing: Comandos.delivery()) == nil)
        letter = Delivery(
            tag: letter.tag, redelivered: false, exchange: "", routingKey: letter.routingKey, properties: letter.properties,
            body: letter.body, bodyBytesTotal: letter.bodyBytesTotal + 1)
        #expect(Self.origin.message(requeuing: letter) == nil)
    }

    @Test func `a batch is handed out with its requeued letters restored`() async throws {
        let requeued = try Self.requeued(Self.letter())
        let source = RequeuedDeliveries(FakeSource([[Comandos.delivery(), requeued]]) { _ in true }, origin: Self.origin)
        let batch = try #require(await source.nextBatch())
        #expect(batch.deliveries.map(\.exchange) == [AMQPNames.Exchange.comandos, AMQPNames.Exchange.comandos])
    }
}
