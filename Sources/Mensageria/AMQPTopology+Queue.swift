package import AMQP
import Contrato

extension AMQPTopology.Queue {
    /// One of our queues: a quorum queue with the arguments that all of them have and no others, else whoever declares it second is refused.
    package static func quorum(_ name: String) -> AMQPTopology.Queue {
        .init(
            name: name,
            arguments: [
                NomesAMQP.QueueArgument.type: .string(NomesAMQP.QueueArgument.quorum),
                NomesAMQP.QueueArgument.deliveryLimit: .int64(NomesAMQP.QueueArgument.deliveryLimitValue),
            ]
        )
    }
}
