import AMQP
import Contrato

/// What the entry service declares on the broker: its exchange, and the consolidation queue bound to it, so that an entry published before any
/// consolidado has ever run is kept.
enum LancamentosTopology {
    static let topology = AMQPTopology(
        exchanges: [.init(name: NomesAMQP.Exchange.lancamentos, kind: .topic)],
        queues: [
            .init(
                name: NomesAMQP.Queue.consolidado,
                arguments: [
                    NomesAMQP.QueueArgument.type: .string(NomesAMQP.QueueArgument.quorum),
                    NomesAMQP.QueueArgument.deliveryLimit: .int64(NomesAMQP.QueueArgument.deliveryLimitValue),
                ]
            )
        ],
        bindings: [
            .init(
                queue: NomesAMQP.Queue.consolidado,
                exchange: NomesAMQP.Exchange.lancamentos,
                routingKey: NomesAMQP.RoutingKey.todosOsRegistrados
            )
        ]
    )
}
