package import AMQP
import Mensageria
import NIOConcurrencyHelpers

/// A publisher for tools: every call ends, also without a broker.
package struct ToolBroker: MessagePublisher {
    /// How long a message may wait to be sent.
    private static let sendMax: Duration = .seconds(30)
    private static let connectMax: Duration = .seconds(15)
    private static let lookInterval: Duration = .milliseconds(50)

    /// Run it as long as messages are sent.
    package let publisher: ConfirmedPublisher

    package init(publisher: ConfirmedPublisher) {
        self.publisher = publisher
    }

    package func publish(_ messages: [AMQPMessage]) async -> [PublishOutcome] {
        await self.publisher.publish(messages, deadline: .now + Self.sendMax)
    }

    /// Whether the broker can be reached and everything could be declared, within some seconds.
    package func isReachable() async throws -> Bool {
        let end = ContinuousClock.now + Self.connectMax
        while !self.publisher.isReady {
            guard .now < end else { return false }
            try await Task.sleep(for: Self.lookInterval)
        }
        return true
    }
}

/// The last failure of a publisher's connection, for a tool that has to say why there is none.
package final class ToolBrokerObserver: PublisherObserver {
    private let failure = NIOLockedValueBox<AMQPError?>(nil)

    package init() {}

    /// Kind and text of the failure; nil if there was none.
    package var reason: String? {
        self.failure.withLockedValue { $0 }.map { "\($0)\($0.replyText.isEmpty ? "" : ": \($0.replyText)")" }
    }

    package func publisherConnected(to endpoint: AMQPEndpoint) {}

    package func publisherDisconnected(_ error: AMQPError) { self.failure.withLockedValue { $0 = error } }

    package func publisherBlocked(reason: String) {}

    package func publisherUnblocked() {}
}
