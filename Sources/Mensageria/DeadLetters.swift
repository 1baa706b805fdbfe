package import AMQP
package import Contrato
package import FluxoDeCaixa
package import Logging
import Metrics
import NIOConcurrencyHelpers
import ServiceLifecycle

/// Moves messages that can never be taken to the queue for dead letters, and settles each only after the broker has confirmed its copy there.
///
/// A letter that is not confirmed is sent again until it is; its neighbours are settled meanwhile. At most ``pendingMax`` wait: then
/// ``accept(_:)`` waits too, and with it consumption stops.
package final class DeadLetters: Service, Sendable {
    /// Letters that may be unconfirmed.
    static let pendingMax = 100
    /// The pause before letters that were not confirmed are sent again, and between alarms about too many.
    private static let retryPause: Duration = .seconds(1)
    /// How often a message that waits for room looks for it.
    private static let roomPause: Duration = .milliseconds(10)

    private let queue: String
    private let deadLetterQueue: String
    private let publisher: any MessagePublisher
    private let settle: @Sendable ([DeliveryTag]) async -> Void
    private let agora: @Sendable () -> Instante
    private let logger: Logger
    /// One for each reason from the start, so that the first letter is seen as an increase.
    private let accepted = Dictionary(
        uniqueKeysWithValues: Motivo.allCases.map {
            ($0, Counter(label: "consumer_dead_letters_total", dimensions: [("motivo", $0.rawValue)]))
        })
    private let pending = NIOLockedValueBox<[DeadLetter]>([])
    private let arrivals: AsyncStream<Void>
    private let arrived: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - queue: where the messages come from.
    ///   - deadLetterQueue: where they go.
    ///   - publisher: has declared the queue for dead letters.
    ///   - settle: settles deliveries whose letters are confirmed.
    ///   - agora: the clock, for the header `recebido_em`.
    package init(
        queue: String,
        deadLetterQueue: String,
        publisher: any MessagePublisher,
        settle: @escaping @Sendable ([DeliveryTag]) async -> Void,
        agora: @escaping @Sendable () -> Instante,
        logger: Logger
    ) {
        self.queue = queue
        self.deadLetterQueue = deadLetterQueue
        self.publisher = publisher
        self.settle = settle
        self.agora = agora
        self.logger = logger
        // One token says that there is something to do, however much.
        (self.arrivals, self.arrived) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    }

    /// Takes a refused message on; waits while too many are unconfirmed.
    package func accept(_ delivery: Delivery, _ recusa: MessageRefusal) async {
        let letter = DeadLetter(delivery: delivery, recusa: recusa, recebidoEm: self.agora())
        self.accepted[recusa.motivo]?.increment()
        self.logger.warning("message refused", metadata: delivery.metadata.merging(["motivo": "\(recusa.motivo.rawValue)"]) { $1 })
        var alarmAt = ContinuousClock.now + Self.retryPause
        while !self.add(letter) {
            // A cancelled wait leaves the message unsettled: the broker delivers it again.
            do { try await Task.sleep(for: Self.roomPause) } catch { return }
            guard .now >= alarmAt else { continue }
            self.logger.error("too many dead letters unconfirmed, consumption waits", metadata: ["pending": "\(Self.pendingMax)"])
            alarmAt = .now + Self.retryPause
        }
        self.arrived.yield()
    }

    /// - Returns: whether there was room.
    private func add(_ letter: DeadLetter) -> Bool {
        let generation = letter.delivery.tag.generation
        return self.pending.withLockedValue { pending in
            // Messages of a channel that is gone are back in the queue and come again: their letters would only take up room.
            pending.removeAll { $0.delivery.tag.generation < generation }
            guard pending.count < Self.pendingMax else { return false }
            pending.append(letter)
            return true
        }
    }

    /// Sends letters until graceful shutdown.
    package func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in self.arrivals {
                while let allConfirmed = await self.sendPending() {
                    if allConfirmed { continue }
                    guard (try? await Task.sleep(for: Self.retryPause)) != nil else { return }
                }
            }
        }
    }

    /// - Returns: whether every letter that was sent is confirmed; nil if there was none.
    private func sendPending() async -> Bool? {
        let letters = self.pending.withLockedValue { $0 }
        guard !letters.isEmpty else { return nil }
        var outcomes = await self.publisher.publish(letters.map { self.message($0, keepsAll: true) })
        for position in letters.indices {
            guard case .invalid = outcomes[position] else { continue }
            outcomes[position] = await self.publisher.publish([self.message(letters[position], keepsAll: false)])[0]
        }
        let confirmed = zip(letters, outcomes).filter { $0.1 == .confirmed }.map(\.0.delivery.tag)
        if confirmed.count < letters.count {
            self.logger.error("dead letters not confirmed, will be sent again", metadata: ["letters": "\(letters.count - confirmed.count)"])
        }
        await self.settle(confirmed)
        let done = Set(confirmed)
        self.pending.withLockedValue { pending in pending.removeAll { done.contains($0.delivery.tag) } }
        return confirmed.count == letters.count
    }

    private func message(_ letter: DeadLetter, keepsAll: Bool) -> AMQPMessage {
        var random = SystemRandomNumberGenerator()
        return letter.message(
            from: self.queue,
            to: self.deadLetterQueue,
            missingID: String(random.next(), radix: 16),
            keepsAll: keepsAll
        )
    }
}

extension Delivery {
    /// What may be logged of a message: never what its sender is free to write, which may be personal. So `message_id` stands there only
    /// where it is an id; the letter itself has it in any case.
    package var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [:]
        if let id = self.properties.messageID.flatMap({ LancamentoID(parsing: $0) }) { metadata["message_id"] = "\(id)" }
        if let trace = self.traceparent.flatMap(Traceparent.init(parsing:)) { metadata["trace.id"] = "\(trace.traceID)" }
        return metadata
    }

    /// The header `traceparent` as it came, valid or not.
    package var traceparent: String? { self.properties.headers?[AMQPNames.Header.traceparent]?.stringValue }
}
