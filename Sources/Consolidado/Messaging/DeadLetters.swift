package import AMQP
package import Contrato
package import FluxoDeCaixa
package import Logging
import Metrics
import NIOConcurrencyHelpers
import ServiceLifecycle

/// Moves messages that can never be applied to the queue for dead letters, and settles each only after the broker has confirmed its copy there.
///
/// A letter that is not confirmed is sent again until it is; its neighbours are settled meanwhile. At most ``pendingMax`` wait: then
/// ``accept(_:)`` waits too, and with it consumption stops.
package final class DeadLetters: Service, Sendable {
    /// Letters that may be unconfirmed.
    static let pendingMax = 100
    /// The pause before letters are sent again, and between alarms about too many.
    private static let retryPause: Duration = .seconds(1)

    private let publisher: any MessagePublisher
    private let settle: @Sendable ([DeliveryTag]) async -> Void
    private let agora: @Sendable () -> Instante
    private let logger: Logger
    private let pending = NIOLockedValueBox<[DeadLetter]>([])
    private let arrivals: AsyncStream<Void>
    private let arrived: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - publisher: has declared the queue for dead letters.
    ///   - settle: settles deliveries whose letters are confirmed.
    ///   - agora: the clock, for the header `recebido_em`.
    package init(
        publisher: any MessagePublisher,
        settle: @escaping @Sendable ([DeliveryTag]) async -> Void,
        agora: @escaping @Sendable () -> Instante,
        logger: Logger
    ) {
        self.publisher = publisher
        self.settle = settle
        self.agora = agora
        self.logger = logger
        // One token says that there is something to do, however much.
        (self.arrivals, self.arrived) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    }

    /// Takes a refused message on; waits while too many are unconfirmed.
    package func accept(_ delivery: Delivery, _ recusa: RecusaDeEvento) async {
        let letter = DeadLetter(delivery: delivery, recusa: recusa, recebidoEm: self.agora())
        Counter(label: "consumer_dead_letters_total", dimensions: [("motivo", recusa.motivo.rawValue)]).increment()
        self.logger.warning("message refused", metadata: delivery.metadata.merging(["motivo": "\(recusa.motivo.rawValue)"]) { $1 })
        while true {
            let taken = self.pending.withLockedValue { pending in
                guard pending.count < Self.pendingMax else { return false }
                pending.append(letter)
                return true
            }
            if taken { break }
            self.logger.error("too many dead letters unconfirmed, consumption waits", metadata: ["pending": "\(Self.pendingMax)"])
            // A cancelled wait leaves the message unsettled: the broker delivers it again.
            do { try await Task.sleep(for: Self.retryPause) } catch { return }
        }
        self.arrived.yield()
    }

    /// Sends letters until graceful shutdown.
    package func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in self.arrivals {
                while await self.sendPending() {
                    guard (try? await Task.sleep(for: Self.retryPause)) != nil else { return }
                }
            }
        }
    }

    /// - Returns: whether letters are left.
    private func sendPending() async -> Bool {
        let letters = self.pending.withLockedValue { $0 }
        guard !letters.isEmpty else { return false }
        var outcomes = await self.publisher.publish(letters.map { Self.message($0, keepsHeaders: true) })
        for position in letters.indices {
            guard case .invalid = outcomes[position] else { continue }
            outcomes[position] = await self.publisher.publish([Self.message(letters[position], keepsHeaders: false)])[0]
        }
        let confirmed = zip(letters, outcomes).filter { $0.1 == .confirmed }.map(\.0.delivery.tag)
        if confirmed.count < letters.count {
            self.logger.error("dead letters not confirmed, will be sent again", metadata: ["letters": "\(letters.count - confirmed.count)"])
        }
        await self.settle(confirmed)
        let done = Set(confirmed)
        return self.pending.withLockedValue { pending in
            pending.removeAll { done.contains($0.delivery.tag) }
            return !pending.isEmpty
        }
    }

    private static func message(_ letter: DeadLetter, keepsHeaders: Bool) -> AMQPMessage {
        var random = SystemRandomNumberGenerator()
        return letter.message(
            from: NomesAMQP.Queue.consolidado,
            to: NomesAMQP.Queue.consolidadoDLQ,
            missingID: String(random.next(), radix: 16),
            keepsHeaders: keepsHeaders
        )
    }
}

extension Delivery {
    /// What may be logged of a message: never its content.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["message_id": "\(self.properties.messageID ?? "-")"]
        if let trace = self.properties.headers?[NomesAMQP.Header.traceparent]?.stringValue { metadata["traceparent"] = "\(trace)" }
        return metadata
    }
}
