import AMQP
import Contrato
import FluxoDeCaixa

/// A message that can never be applied, and why, on its way to the queue for dead letters.
struct DeadLetter: Sendable {
    let delivery: Delivery
    let recusa: RecusaDeEvento
    let recebidoEm: Instante

    /// The message to publish: content, type, ids and headers as they came, and the reason in headers of its own.
    ///
    /// What would make the broker refuse, expire or route it otherwise is left out: `user_id` (kept as a header), `expiration`, `reply_to`, and
    /// the headers `CC` and `BCC`, which RabbitMQ routes by.
    /// - Parameters:
    ///   - queue: the queue that it came from.
    ///   - deadLetterQueue: where it goes, by the default exchange.
    ///   - missingID: the message id where it came without one: by it a return is recognised.
    ///   - keepsHeaders: false sends the reason alone, for headers that leave no room for it.
    func message(
        from queue: String,
        to deadLetterQueue: String,
        missingID: @autoclosure () -> String,
        keepsHeaders: Bool = true
    ) -> AMQPMessage {
        let original = self.delivery.properties
        var properties = AMQPProperties()
        properties.contentType = original.contentType
        properties.type = original.type
        properties.messageID = original.messageID ?? missingID()
        properties.correlationID = original.correlationID
        properties.timestamp = original.timestamp
        properties.appID = original.appID
        properties.persistent = true
        properties.headers = self.headers(queue: queue, keepsHeaders: keepsHeaders)
        return AMQPMessage(exchange: "", routingKey: deadLetterQueue, properties: properties, body: self.delivery.body)
    }

    private func headers(queue: String, keepsHeaders: Bool) -> AMQPTable {
        var headers = keepsHeaders ? self.delivery.properties.headers ?? [:] : [:]
        headers[NomesAMQP.Header.carbonCopy] = nil
        headers[NomesAMQP.Header.blindCarbonCopy] = nil
        headers[NomesAMQP.Header.motivo] = .string(self.recusa.motivo.rawValue)
        headers[NomesAMQP.Header.erro] = .string(self.recusa.erro)
        headers[NomesAMQP.Header.recebidoEm] = .string(self.recebidoEm.description)
        headers[NomesAMQP.Header.fila] = .string(queue)
        headers[NomesAMQP.Header.chaveDeRoteamento] = .string(self.delivery.routingKey)
        headers[NomesAMQP.Header.usuario] = self.delivery.properties.userID.map { .string($0) }
        return headers
    }
}
