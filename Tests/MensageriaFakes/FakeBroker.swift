package import AMQP
import Mensageria

/// Records messages and returns the configured outcome of each.
package actor FakeBroker: MessagePublisher {
    /// Every message that was sent, refused or not.
    package private(set) var messages: [AMQPMessage] = []
    private var first: [PublishOutcome]
    private let outcomes: [String: PublishOutcome]

    /// - Parameters:
    ///   - first: the outcomes of the first messages, in order.
    ///   - outcomes: the outcomes of later messages by routing key. Others are confirmed.
    package init(first: [PublishOutcome] = [], outcomes: [String: PublishOutcome] = [:]) {
        self.first = first
        self.outcomes = outcomes
    }

    package func publish(_ messages: [AMQPMessage]) async -> [PublishOutcome] {
        self.messages += messages
        return messages.map { message in
            if !self.first.isEmpty { return self.first.removeFirst() }
            // Refuses texts that AMQP cannot carry, as the real publisher does.
            let texts = [message.properties.messageID, message.properties.correlationID, message.properties.type]
            if texts.contains(where: { ($0?.utf8.count ?? 0) > 255 }) { return .invalid(AMQPError(.invalidMessage)) }
            return self.outcomes[message.routingKey] ?? .confirmed
        }
    }

    /// The messages with a routing key.
    package func messages(to routingKey: String) -> [AMQPMessage] {
        self.messages.filter { $0.routingKey == routingKey }
    }
}
