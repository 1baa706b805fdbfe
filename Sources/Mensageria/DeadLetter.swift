package import AMQP
package import Contrato
package import FluxoDeCaixa

/// A message that can never be processed, with the reason, on its way to the dead-letter queue.
package struct DeadLetter: Sendable {
    let delivery: Delivery
    private let recusa: MessageRefusal
    private let recebidoEm: Instante

    package init(delivery: Delivery, recusa: MessageRefusal, recebidoEm: Instante) {
        self.delivery = delivery
        self.recusa = recusa
        self.recebidoEm = recebidoEm
    }

    /// AMQP's limit for the text of a property. A received text can grow past it, because invalid UTF-8 bytes are read as U+FFFD.
    private static let textBytesMax = 255

    /// The message to publish: the content, type, ids and headers as received, and the reason in added headers.
    ///
    /// Left out is what makes the broker refuse, expire or reroute it: `user_id` (kept as a header), `expiration`, `reply_to`, and the headers
    /// `CC` and `BCC`, by which RabbitMQ routes.
    /// - Parameters:
    ///   - queue: the queue that delivered the message.
    ///   - deadLetterQueue: the destination, by the default exchange.
    ///   - missingID: the message id if it has none. It identifies a returned message.
    ///   - keepsAll: false leaves out what cannot be sent: headers that leave no room for the reason, and texts that are too long.
    package func message(
        from queue: String,
        to deadLetterQueue: String,
        missingID: @autoclosure () -> String,
        keepsAll: Bool = true
    ) -> AMQPMessage {
        let original = self.delivery.properties
        var properties = AMQPProperties()
        func text(_ text: String?) -> String? { keepsAll ? text : text.flatMap { $0.utf8.count <= Self.textBytesMax ? $0 : nil } }
        properties.contentType = text(original.contentType)
        properties.type = text(original.type)
        properties.messageID = text(original.messageID) ?? missingID()
        properties.correlationID = text(original.correlationID)
        properties.timestamp = original.timestamp
        properties.appID = text(original.appID)
        properties.persistent = true
        properties.headers = self.headers(queue: queue, keepsAll: keepsAll)
        return AMQPMessage(exchange: "", routingKey: deadLetterQueue, properties: properties, body: self.delivery.body)
    }

    /// The reason, which says if the body is truncated.
    private var erro: String {
        guard self.delivery.isTruncated else { return self.recusa.erro }
        let (total, kept) = (self.delivery.bodyBytesTotal, self.delivery.body.count)
        return "\(self.recusa.erro) O corpo tinha \(total) bytes; só os primeiros \(kept) foram guardados."
    }

    private func headers(queue: String, keepsAll: Bool) -> AMQPTable {
        var headers = keepsAll ? self.delivery.properties.headers ?? [:] : [:]
        headers[AMQPNames.Header.carbonCopy] = nil
        headers[AMQPNames.Header.blindCarbonCopy] = nil
        headers[AMQPNames.Header.motivo] = .string(self.recusa.motivo.rawValue)
        headers[AMQPNames.Header.erro] = .string(self.erro)
        headers[AMQPNames.Header.recebidoEm] = .string(self.recebidoEm.description)
        headers[AMQPNames.Header.fila] = .string(queue)
        headers[AMQPNames.Header.chaveDeRoteamento] = .string(self.delivery.routingKey)
        headers[AMQPNames.Header.usuario] = self.delivery.properties.userID.map { .string($0) }
        return headers
    }
}
