import AMQP
package import Logging
package import Mensageria
import Metrics

/// Sends answers, each until it is known whether it arrived, and gives up on the one that nothing takes.
package struct ReplySender: Sendable {
    /// What became of an answer.
    enum Fate: Equatable {
        /// It is where it was to go.
        case answered
        /// Nobody will ever have it: no such queue, or a full one, or one that ends the connection of whoever sends there.
        case unanswerable
        /// This process ends before it is known.
        case unknown
    }

    /// How often one answer alone may find the connection lost before it is given up.
    static let attemptsMax = 3

    private let publisher: any MessagePublisher
    private let logger: Logger
    private let answered = Counter(label: "command_replies_total", dimensions: [("outcome", "answered")])
    private let unanswerable = Counter(label: "command_replies_total", dimensions: [("outcome", "unanswerable")])

    /// - Parameter publisher: of its own: whatever an answer does to the connection, events and dead letters do not suffer.
    package init(publisher: any MessagePublisher, logger: Logger) {
        self.publisher = publisher
        self.logger = logger
    }

    /// Returns once the fate of each is known; while there is no broker it waits.
    func send(_ messages: [AMQPMessage]) async -> [Fate] {
        guard !messages.isEmpty else { return [] }
        var fates = await self.publisher.publish(messages).map(Self.fate)
        // One by one: the connection may have been lost because of one of them. An address that was given up is not tried again for the next
        // answer of the same batch: each try takes as long as the broker may take for a confirm, and all other commands wait meanwhile.
        var givenUp: Set<String> = []
        for position in fates.indices where fates[position] == .unknown {
            let address = messages[position].routingKey
            if givenUp.contains(address) {
                fates[position] = .unanswerable
            } else if let fate = await self.sendAlone(messages[position]) {
                fates[position] = fate
            } else {
                self.logger.warning("an answer ends the connection to the broker or is never confirmed, and is given up")
                givenUp.insert(address)
                fates[position] = .unanswerable
            }
        }
        self.count(fates)
        return fates
    }

    /// - Returns: nil: it found no end.
    private func sendAlone(_ message: AMQPMessage) async -> Fate? {
        for _ in 0..<Self.attemptsMax {
            let outcome = await self.publisher.publish([message])[0]
            // Without a limit of time only a shutdown keeps a message from being sent.
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
