import AMQP
import Contrato
import Mensageria

/// What the consolidation service declares on the broker: the entry exchange, its own queue bound to it, and the queue for dead letters.
enum ConsolidadoTopology {
    /// For the consumer.
    static let consumer = AMQPTopology(
        exchanges: [.init(name: NomesAMQP.Exchange.lancamentos, kind: .topic)],
        queues: [.quorum(NomesAMQP.Queue.consolidado)],
        bindings: [
            .init(
                queue: NomesAMQP.Queue.consolidado,
                exchange: NomesAMQP.Exchange.lancamentos,
                routingKey: NomesAMQP.RoutingKey.todosOsRegistrados
            )
        ]
    )

    /// For the publisher of dead letters.
    static let deadLetters = AMQPTopology(queues: [.quorum(NomesAMQP.Queue.consolidadoDLQ)])

    /// For the publisher of news of balances.
    static let notices = AMQPTopology(exchanges: [.init(name: NomesAMQP.Exchange.consolidados, kind: .topic)])
}
