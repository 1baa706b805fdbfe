package import AMQP
import Contrato

/// A source of messages, which also settles them.
package protocol DeliverySource: Sendable {
    /// Receives until graceful shutdown, then ends the batches and waits until the delivered messages are settled.
    func run() async throws

    /// Returns the next messages, or nil after shutdown.
    func nextBatch() async -> DeliveryBatch?

    /// Acknowledges messages to the broker.
    func settle(_ tags: [DeliveryTag]) async

    /// Receives more although many messages stay unsettled: those received until now no longer count against the prefetch.
    func makeRoom() async

    /// Stops receiving. Unsettled messages go back to the queue.
    func suspendConsuming() async

    func resumeConsuming() async
}

extension BatchConsumer: DeliverySource {}

package protocol MessagePublisher: Sendable {
    /// Sends messages and returns once the outcome of each is known.
    func publish(_ messages: [AMQPMessage]) async -> [PublishOutcome]
}

extension ConfirmedPublisher: MessagePublisher {
    /// Waits for a broker without a time limit.
    package func publish(_ messages: [AMQPMessage]) async -> [PublishOutcome] {
        await self.publish(messages, deadline: nil)
    }
}

extension AMQPTopology.Queue {
    /// A quorum queue with the arguments of all our queues. A second declaration with other arguments is refused by the broker.
    package static func quorum(_ name: String) -> AMQPTopology.Queue {
        .init(
            name: name,
            arguments: [
                AMQPNames.QueueArgument.type: .string(AMQPNames.QueueArgument.quorum),
                AMQPNames.QueueArgument.deliveryLimit: .int64(AMQPNames.QueueArgument.deliveryLimitValue),
            ]
        )
    }
}

extension AMQPTopology {
    /// The exchange of entries and the consolidation queue bound to it. Both services declare it, so that events published before the first
    /// start of consolidado are kept.
    package static let lancamentosRegistrados = AMQPTopology(
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
}
