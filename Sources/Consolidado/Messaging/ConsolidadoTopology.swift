import AMQP
import Contrato
import Mensageria

/// What the consolidation service declares on the broker: the entry exchange, its own queue bound to it, and the queue for dead letters.
enum ConsolidadoTopology {
    /// For the consumer.
    static let consumer = AMQPTopology(
        exchanges: [.init(name: AMQPNames.Exchange.lancamentos, kind: .topic)],
        queues: [.quorum(AMQPNames.Queue.consolidado)],
        bindings: [
            .init(
                queue: AMQPNames.Queue.consolidado,
                exchange: AMQPNames.Exchange.lancamentos,
                routingKey: AMQPNames.RoutingKey.allRegistrados
            )
        ]
    )

    /// For the publisher of dead letters.
    static let deadLetters = AMQPTopology(queues: [.quorum(AMQPNames.Queue.consolidadoDLQ)])

    /// For the publisher of news of balances.
    static let notices = AMQPTopology(exchanges: [.init(name: AMQPNames.Exchange.consolidados, kind: .topic)])
}
