package import AMQP
import Contrato

extension AMQPTopology.Queue {
    /// One of our queues: a quorum queue with the arguments that all of them have and no others, else whoever declares it second is refused.
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
