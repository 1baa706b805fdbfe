import AMQP
import Contrato
import Mensageria

/// What the entry service declares on the broker.
enum LancamentosTopology {
    /// For the relay: the exchange of events, and the consolidation queue bound to it, so that an entry published before any consolidado has
    /// ever run is kept.
    static let eventos = AMQPTopology(
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

    /// For the intake of commands.
    static let comandos = AMQPTopology(
        exchanges: [.init(name: AMQPNames.Exchange.comandos, kind: .topic)],
        queues: [.quorum(AMQPNames.Queue.comandos)],
        bindings: [
            .init(
                queue: AMQPNames.Queue.comandos,
                exchange: AMQPNames.Exchange.comandos,
                routingKey: AMQPNames.RoutingKey.allComandos
            )
        ]
    )

    /// For the publisher of dead letters. A publisher declares again every few seconds and a consumer does not, so this one also puts back a
    /// binding of the commands that somebody has removed.
    static let comandosDeadLetters = AMQPTopology(
        exchanges: comandos.exchanges,
        queues: comandos.queues + [.quorum(AMQPNames.Queue.comandosDLQ)],
        bindings: comandos.bindings
    )
}
