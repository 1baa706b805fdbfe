package import AMQP

/// Publishes messages.
package protocol MessagePublisher: Sendable {
    /// Sends messages; returns once the fate of each is known.
    func publish(_ messages: [AMQPMessage]) async -> [PublishOutcome]
}

extension ConfirmedPublisher: MessagePublisher {
    /// Waits without limit for a broker.
    package func publish(_ messages: [AMQPMessage]) async -> [PublishOutcome] {
        await self.publish(messages, deadline: nil)
    }
}
