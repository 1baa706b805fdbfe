import AMQP
import Contrato
import FluxoDeCaixa
package import Logging
package import Mensageria
import Metrics
import NIOConcurrencyHelpers
import Observability

/// Sends events of registered entries to the topic exchange, each mandatory and persistent, and waits for the broker's confirms.
///
/// The broker refuses an event (basic.nack) as soon as one of the queues bound to the exchange refuses it, and that may be a stranger's. So
/// what was refused goes once more straight to the consolidation's queue. It may be there twice then, which harms nobody.
package final class AMQPEventPublisher: EventPublisher {
    private let publisher: any MessagePublisher
    private let ready: @Sendable () -> Bool
    private let user: String
    private let urlPublica: String
    private let logger: Logger
    private let confirmDuration = Timer(label: "publish_confirm_duration_seconds")
    /// One for each outcome from the start, so that the first refusal is seen as an increase.
    private let total = Dictionary(
        uniqueKeysWithValues: AMQPEventPublisher.labels.map { ($0, Counter(label: "publish_total", dimensions: [("outcome", $0)])) })
    private let refusedWarning = NIOLockedValueBox(WarningThrottle())
    private let directWarning = NIOLockedValueBox(WarningThrottle())

    /// - Parameters:
    ///   - publisher: declares the exchange and the queue that must exist.
    ///   - isReady: whether it takes events now.
    ///   - user: the connection's own user: the broker vouches for it in `user_id`.
    ///   - urlPublica: where `dataschema` leads.
    package init(
        publisher: any MessagePublisher, isReady: @escaping @Sendable () -> Bool, user: String, urlPublica: String, logger: Logger
    ) {
        self.publisher = publisher
        self.ready = isReady
        self.user = user
        self.urlPublica = urlPublica
        self.logger = logger
    }

    package var isReady: Bool { self.ready() }

    package func publish(_ events: [Registration]) async -> [Bool] {
        let messages = events.map { self.message($0) }
        let start = ContinuousClock.now
        let outcomes = await self.publisher.publish(messages)
        self.confirmDuration.record(duration: .now - start)
        // Nearly always: nothing else then to look into.
        if outcomes.allSatisfy({ $0 == .confirmed }) {
            self.total[PublishOutcome.confirmed.label]?.increment(by: outcomes.count)
            self.noteConfirmed(events)
            return outcomes.map { _ in true }
        }
        let direct = await self.sendDirectly(messages, rejectedBy: outcomes)
        self.count(outcomes.enumerated().compactMap { direct[$0.offset] == nil ? $0.element : nil }, direct: Array(direct.values))
        let confirmed = outcomes.enumerated().map { (direct[$0.offset] ?? $0.element) == .confirmed }
        self.noteConfirmed(zip(events, confirmed).filter(\.1).map(\.0))
        return confirmed
    }

    /// Where such lines are written, says entry by entry what the broker has.
    private func noteConfirmed(_ events: [Registration]) {
        guard self.logger.logLevel <= .debug else { return }
        for event in events {
            self.logger.debug("entry published", metadata: EntryMetadata.make(event.lancamento.id, traceparent: event.traceparent))
        }
    }

    /// Sends what was rejected to the consolidation's queue alone.
    /// - Returns: by position, what became of it there.
    private func sendDirectly(_ messages: [AMQPMessage], rejectedBy outcomes: [PublishOutcome]) async -> [Int: PublishOutcome] {
        let positions = outcomes.indices.filter { outcomes[$0] == .rejected }
        guard !positions.isEmpty else { return [:] }
        let copies = positions.map { position in
            var copy = messages[position]
            copy.exchange = ""
            copy.routingKey = AMQPNames.Queue.consolidado
            return copy
        }
        return Dictionary(uniqueKeysWithValues: zip(positions, await self.publisher.publish(copies)))
    }

    private func message(_ event: Registration) -> AMQPMessage {
        let lancamento = event.lancamento
        var properties = AMQPProperties()
        properties.contentType = AMQPNames.ContentType.cloudEvent
        properties.persistent = true
        properties.messageID = lancamento.id.description
        properties.type = EventoLancamentoRegistrado.type
        properties.timestamp = UInt64(lancamento.registradoEm.milissegundos / 1000)
        properties.appID = AMQPNames.AppID.lancamentos
        properties.userID = self.user
        if let traceparent = event.traceparent { properties.headers = [AMQPNames.Header.traceparent: .string(traceparent)] }
        return AMQPMessage(
            exchange: AMQPNames.Exchange.lancamentos,
            routingKey: EventoLancamentoRegistrado.routingKey(lancamento),
            properties: properties,
            body: EventoLancamentoRegistrado.encode(lancamento, urlPublica: self.urlPublica)
        )
    }

    private func count(_ outcomes: [PublishOutcome], direct: [PublishOutcome]) {
        let labels = outcomes.map(\.label) + direct.map { $0 == .confirmed ? Self.directLabel : $0.label }
        let counts = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
        for (label, count) in counts { self.total[label]?.increment(by: count) }
        // The rows stay in the outbox and are sent again; that nothing takes them is for a person to look at.
        let refused = counts.filter { ["returned", "rejected", "invalid"].contains($0.key) }
        self.warn(refused, self.refusedWarning, "events refused by the broker")
        self.warn(
            counts.filter { $0.key == Self.directLabel }, self.directWarning,
            "a queue bound to the events refuses them; the consolidation has them all the same"
        )
    }

    private func warn(_ counts: [String: Int], _ throttle: NIOLockedValueBox<WarningThrottle>, _ text: Logger.Message) {
        guard !counts.isEmpty else { return }
        let events = counts.values.reduce(0, +)
        guard let total = throttle.withLockedValue({ $0.add(events, now: .now) }) else { return }
        self.logger.warning(text, metadata: ["events": "\(total)", "outcome": "\(counts.keys.sorted().joined(separator: ","))"])
    }

    /// Rejected by some queue, confirmed by the consolidation's.
    private static let directLabel = "confirmed_direct"
    private static let labels = ["confirmed", "returned", "rejected", "unknown", "not_sent", "invalid", directLabel]
}

extension PublishOutcome {
    /// The label `outcome` of `publish_total`.
    fileprivate var label: String {
        switch self {
        case .confirmed: "confirmed"
        case .returned: "returned"
        case .rejected: "rejected"
        case .unknown: "unknown"
        case .notSent: "not_sent"
        case .invalid: "invalid"
        }
    }
}
