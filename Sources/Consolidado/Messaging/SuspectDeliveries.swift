import AMQP
import Contrato
import Logging
import Mensageria
import Metrics
import NIOConcurrencyHelpers

/// The queue of entries, whose messages are handed out alone if they were delivered many times before.
///
/// A message that ends the process when it is handled is delivered again to the next process, together with all others that were not
/// acknowledged. After ``deliveriesMin`` deliveries each of these is a batch of its own. So all others are handled and acknowledged, and the
/// last line of the log before the process ends names the message.
final class SuspectDeliveries: DeliverySource {
    /// Orderly shutdowns, outages and lost connections deliver a message again a few times.
    fileprivate static let deliveriesMin: Int64 = 20

    private let source: any DeliverySource
    private let logger: Logger
    /// At most a batch of the source.
    private let waiting = NIOLockedValueBox<ArraySlice<Delivery>>([])
    private let suspects = Counter(label: "consumer_suspects_total")

    init(_ source: any DeliverySource, logger: Logger) {
        self.source = source
        self.logger = logger
    }

    func run() async throws { try await self.source.run() }

    /// Returns the suspects of a batch after its other messages, one at a time.
    func nextBatch() async -> DeliveryBatch? {
        if let suspect = self.waiting.withLockedValue({ $0.popFirst() }) { return self.alone(suspect) }
        guard let batch = await self.source.nextBatch() else { return nil }
        // Nearly every batch.
        guard batch.deliveries.contains(where: \.isSuspect) else { return batch }
        let others = batch.deliveries.filter { !$0.isSuspect }
        var suspects = batch.deliveries.filter(\.isSuspect)[...]
        let first = others.isEmpty ? suspects.popFirst() : nil
        self.waiting.withLockedValue { [suspects] in $0.append(contentsOf: suspects) }
        return first.map { self.alone($0) } ?? DeliveryBatch(deliveries: others)
    }

    private func alone(_ suspect: Delivery) -> DeliveryBatch {
        self.suspects.increment()
        var metadata = suspect.metadata
        metadata["deliveries"] = "\(suspect.earlierDeliveries)"
        self.logger.warning("message was delivered many times, handled alone", metadata: metadata)
        return DeliveryBatch(deliveries: [suspect])
    }

    func settle(_ tags: [DeliveryTag]) async { await self.source.settle(tags) }

    func makeRoom() async { await self.source.makeRoom() }

    /// The suspects of the closed channel are delivered again.
    func suspendConsuming() async {
        self.waiting.withLockedValue { $0.removeAll() }
        await self.source.suspendConsuming()
    }

    func resumeConsuming() async { await self.source.resumeConsuming() }
}

extension Delivery {
    /// How often the queue delivered the message before. RabbitMQ 4 counts deliveries that ended with their connection apart.
    fileprivate var earlierDeliveries: Int64 {
        let headers = self.properties.headers
        let counts = [AMQPNames.Header.deliveryCount, AMQPNames.Header.acquiredCount].map { headers?[$0]?.integerValue ?? 0 }
        return counts.max() ?? 0
    }

    fileprivate var isSuspect: Bool { self.redelivered && self.earlierDeliveries >= SuspectDeliveries.deliveriesMin }
}
