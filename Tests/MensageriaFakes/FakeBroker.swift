package import AMQP
import Mensageria

/// Takes messages and tells of each what it is told to tell.
package actor FakeBroker: MessagePublisher {
    /// Everything that was sent, refused or not.
    package private(set) var messages: [AMQPMessage] = []
    private var first: [PublishOutcome]
    private let outcomes: [String: PublishOutcome]

    /// - Parameters:
    ///   - first: of the first messages, in order.
    ///   - outcomes: by routing key, after those; the others are confirmed.
    package init(first: [PublishOutcome] = [], outcomes: [String: PublishOutcome] = [:]) {
        self.first = first
        self.outcomes = outcomes
    }

    package func publish(_ messages: [AMQPMessage]) async -> [PublishOutcome] {
        self.messages += messages
        return messages.map { message in
            if !self.first.isEmpty { return self.first.removeFirst() }
            // Texts that AMQP cannot carry are refused, as the real publisher does.
            let texts = [message.properties.messageID, message.properties.correlationID, message.properties.type]
            if texts.contains(where: { ($0?.utf8.count ?? 0) > 255 }) { return .invalid(AMQPError(.invalidMessage)) }
            return self.outcomes[message.routingKey] ?? .confirmed
        }
    }

    /// What was sent with this routing key.
    package func messages(to routingKey: String) -> [AMQPMessage] {
        self.messages.filter { $0.routingKey == routingKey }
    }
}
