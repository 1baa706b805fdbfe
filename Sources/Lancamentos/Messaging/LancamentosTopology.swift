import AMQP
import Contrato
import Mensageria

/// What the entry service declares on the broker.
enum LancamentosTopology {
    /// For the relay: the exchange of events, and the consolidation queue bound to it, so that an entry published before any consolidado has
    /// ever run is kept.
    static let eventos = AMQPTopology(
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

    /// For the intake of commands.
    static let comandos = AMQPTopology(
        exchanges: [.init(name: NomesAMQP.Exchange.comandos, kind: .topic)],
        queues: [.quorum(NomesAMQP.Queue.comandos)],
        bindings: [
            .init(
                queue: NomesAMQP.Queue.comandos,
                exchange: NomesAMQP.Exchange.comandos,
                routingKey: NomesAMQP.RoutingKey.todosOsComandos
            )
        ]
    )

    /// For the publisher of dead letters. A publisher declares again every few seconds and a consumer does not, so this one also puts back a
    /// binding of the commands that somebody has removed.
    static let comandosDeadLetters = AMQPTopology(
        exchanges: comandos.exchanges,
        queues: comandos.queues + [.quorum(NomesAMQP.Queue.comandosDLQ)],
        bindings: comandos.bindings
    )
}
