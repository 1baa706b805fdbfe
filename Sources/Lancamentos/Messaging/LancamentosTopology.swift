import AMQP
import Contrato
import Mensageria

/// The declarations of the entry service.
enum LancamentosTopology {
    /// Declared by the relay.
    static let eventos = AMQPTopology.lancamentosRegistrados

    /// Declared by the command intake.
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

    /// Declared by the publisher of dead letters. A publisher repeats its declarations every few seconds and a consumer does not, so this one also
    /// restores a removed binding of the commands.
    static let comandosDeadLetters = AMQPTopology(
        exchanges: comandos.exchanges,
        queues: comandos.queues + [.quorum(AMQPNames.Queue.comandosDLQ)],
        bindings: comandos.bindings
    )
}
