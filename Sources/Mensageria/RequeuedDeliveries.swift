package import AMQP
import Contrato
import FluxoDeCaixa

/// A queue whose dead letters may return to it: a requeued letter is handed out as the message that it was when it was refused.
///
/// A letter returns straight to its queue, sent by the service's own user, which the broker verifies. It keeps its sender and its routing key
/// in headers (see ``DeadLetter``), so the same rules apply to it again, with the rights that the broker checked when it was sent. No other
/// message is read this way: nobody else can send with that user, and the broker delivers no message of an exchange as one of the default
/// exchange.
package struct RequeuedDeliveries: DeliverySource {
    private let source: any DeliverySource
    private let origin: RequeuedOrigin

    package init(_ source: any DeliverySource, origin: RequeuedOrigin) {
        self.source = source
        self.origin = origin
    }

    package func run() async throws { try await self.source.run() }

    package func nextBatch() async -> DeliveryBatch? {
        guard let batch = await self.source.nextBatch() else { return nil }
        // Nearly every batch: only the consolidation's queue receives anything else through the default exchange.
        guard batch.deliveries.contains(where: { $0.exchange.isEmpty }) else { return batch }
        return DeliveryBatch(deliveries: batch.deliveries.map { self.origin.restored($0) })
    }

    package func settle(_ tags: [DeliveryTag]) async { await self.source.settle(tags) }

    package func makeRoom() async { await self.source.makeRoom() }

    package func suspendConsuming() async { await self.source.suspendConsuming() }

    package func resumeConsuming() async { await self.source.resumeConsuming() }
}

/// Where the messages of a queue come from, and how a dead letter of it becomes such a message again.
package struct RequeuedOrigin: Sendable {
    /// The queue whose letters return.
    package let queue: String
    private let exchange: String
    private let user: String

    /// - Parameters:
    ///   - queue: the queue whose letters return.
    ///   - exchange: the exchange that its messages are published to.
    ///   - user: the service's own user at the broker.
    package init(queue: String, exchange: String, user: String) {
        self.queue = queue
        self.exchange = exchange
        self.user = user
    }

    /// The headers that ``DeadLetter`` added.
    private static let addedHeaders = [
        AMQPNames.Header.motivo, AMQPNames.Header.erro, AMQPNames.Header.recebidoEm, AMQPNames.Header.fila,
        AMQPNames.Header.chaveDeRoteamento, AMQPNames.Header.usuario,
    ]

    /// The message that returns a letter to its queue; nil if the letter is not one of this queue's.
    package func message(requeuing letter: Delivery) -> AMQPMessage? {
        guard self.routingKey(of: letter) != nil, letter.properties.messageID != nil, !letter.isTruncated else { return nil }
        var properties = letter.properties
        properties.userID = self.user
        properties.persistent = true
        return AMQPMessage(exchange: "", routingKey: self.queue, properties: properties, body: letter.body)
    }

    /// The routing key with which the message was refused.
    private func routingKey(of letter: Delivery) -> String? {
        guard let headers = letter.properties.headers, headers[AMQPNames.Header.fila]?.stringValue?.hasSameBytes(as: self.queue) == true
        else { return nil }
        return headers[AMQPNames.Header.chaveDeRoteamento]?.stringValue
    }

    /// The delivery as it was refused, if it is a requeued letter; else the delivery itself.
    ///
    /// What a letter cannot show stays refused: the exchange of a message that did not come through the right one, and the id of a message
    /// that had none or an unusable one.
    package func restored(_ delivery: Delivery) -> Delivery {
        guard delivery.exchange.isEmpty, delivery.routingKey.hasSameBytes(as: self.queue),
            delivery.properties.userID?.hasSameBytes(as: self.user) == true, let routingKey = self.routingKey(of: delivery)
        else { return delivery }
        var properties = delivery.properties
        let motivo = properties.headers?[AMQPNames.Header.motivo]?.stringValue
        properties.userID = properties.headers?[AMQPNames.Header.usuario]?.stringValue
        for name in Self.addedHeaders { properties.headers?[name] = nil }
        if properties.headers?.isEmpty == true { properties.headers = nil }
        if motivo == Motivo.semMessageID.rawValue { properties.messageID = nil }
        return Delivery(
            tag: delivery.tag, redelivered: delivery.redelivered,
            exchange: motivo == Motivo.origemNaoPermitida.rawValue ? delivery.exchange : self.exchange,
            routingKey: routingKey, properties: properties, body: delivery.body, bodyBytesTotal: delivery.bodyBytesTotal)
    }
}
