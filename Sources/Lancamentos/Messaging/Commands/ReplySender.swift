import AMQP
package import Logging
package import Mensageria
import Metrics

/// Sends answers until the outcome of each is known, and drops those that cannot be delivered.
package struct ReplySender: Sendable {
    /// The outcome of an answer.
    enum Fate: Equatable {
        /// It was delivered to its address.
        case answered
        /// It cannot be delivered: the queue is missing or full, or sending to it closes the connection.
        case unanswerable
        /// The process ends before the outcome is known.
        case unknown
    }

    /// The attempts of a single answer that may lose the connection before it is dropped.
    static let attemptsMax = 3

    private let publisher: any MessagePublisher
    private let logger: Logger
    private let answered = Counter(label: "command_replies_total", dimensions: [("outcome", "answered")])
    private let unanswerable = Counter(label: "command_replies_total", dimensions: [("outcome", "unanswerable")])

    /// - Parameter publisher: used for answers only, so that an answer that closes the connection does not affect events and dead letters.
    package init(publisher: any MessagePublisher, logger: Logger) {
        self.publisher = publisher
        self.logger = logger
    }

    /// Returns once the outcome of each is known. Waits while there is no broker.
    func send(_ messages: [AMQPMessage]) async -> [Fate] {
        guard !messages.isEmpty else { return [] }
        var fates = await self.publisher.publish(messages).map(Self.fate)
        // One by one, because one of them may have closed the connection. An address that failed is not tried again in the same batch: each
        // attempt can take as long as the limit for a confirm, and all other commands wait for it.
        var givenUp: Set<String> = []
        for position in fates.indices where fates[position] == .unknown {
            let address = messages[position].routingKey
            if givenUp.contains(address) {
                fates[position] = .unanswerable
            } else if let fate = await self.sendAlone(messages[position]) {
                fates[position] = fate
            } else {
                self.logger.warning("an answer closes the connection to the broker or is never confirmed, and is dropped")
                givenUp.insert(address)
                fates[position] = .unanswerable
            }
        }
        self.count(fates)
        return fates
    }

    /// - Returns: nil if no attempt had an outcome.
    private func sendAlone(_ message: AMQPMessage) async -> Fate? {
        for _ in 0..<Self.attemptsMax {
            let outcome = await self.publisher.publish([message])[0]
            // Without a deadline only a shutdown keeps a message from being sent.
            if outcome != .unknown || Task.isCancelled { return Self.fate(outcome) }
        }
        return nil
    }

    private static func fate(_ outcome: PublishOutcome) -> Fate {
        switch outcome {
        case .confirmed: .answered
        case .returned, .rejected, .invalid: .unanswerable
        case .unknown, .notSent: .unknown
        }
    }

    private func count(_ fates: [Fate]) {
        self.answered.increment(by: fates.count { $0 == .answered })
        self.unanswerable.increment(by: fates.count { $0 == .unanswerable })
    }
}
