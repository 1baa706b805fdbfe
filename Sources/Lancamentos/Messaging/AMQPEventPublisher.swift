package import AMQP
import Contrato
import FluxoDeCaixa
package import Logging
package import Mensageria
import Metrics
import NIOConcurrencyHelpers
import Observability

/// Sends events of registered entries to the topic exchange, mandatory and persistent, and waits for the broker's confirms.
///
/// The broker rejects an event (basic.nack) if any queue bound to the exchange rejects it, and that may be an integrator's queue. So a
/// rejected event is sent once more, directly to the consolidation's queue. A second copy there is harmless.
package final class AMQPEventPublisher: EventPublisher {
    private let publisher: any MessagePublisher
    private let ready: @Sendable () -> Bool
    private let user: String
    private let urlPublica: String
    private let queue: String?
    private let logger: Logger
    private let confirmDuration = Timer(label: "publish_confirm_duration_seconds")
    /// A counter for each outcome from the start, so that the first refusal shows as an increase.
    private let total = Dictionary(
        uniqueKeysWithValues: AMQPEventPublisher.labels.map { ($0, Counter(label: "publish_total", dimensions: [("outcome", $0)])) })
    private let refusedWarning = NIOLockedValueBox(WarningThrottle())
    private let directWarning = NIOLockedValueBox(WarningThrottle())

    /// - Parameters:
    ///   - publisher: declares the exchange and the queue that must exist.
    ///   - user: the connection's user. The broker verifies it in `user_id`.
    ///   - urlPublica: the base URL of `dataschema`.
    ///   - queue: the only queue that receives the events; nil sends them to the exchange.
    package init(
        publisher: any MessagePublisher, isReady: @escaping @Sendable () -> Bool, user: String, urlPublica: String,
        queue: String? = nil, logger: Logger
    ) {
        self.publisher = publisher
        self.ready = isReady
        self.user = user
        self.urlPublica = urlPublica
        self.queue = queue
        self.logger = logger
    }

    package var isReady: Bool { self.ready() }

    package func publish(_ events: [Registration]) async -> [Bool] {
        let messages = events.map { self.message($0) }
        let start = ContinuousClock.now
        let outcomes = await self.publisher.publish(messages)
        self.confirmDuration.record(duration: .now - start)
        // The usual case.
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

    /// Logs each confirmed entry at level debug.
    private func noteConfirmed(_ events: [Registration]) {
        guard self.logger.logLevel <= .debug else { return }
        for event in events {
            self.logger.debug("entry published", metadata: EntryMetadata.make(event.lancamento.id, traceparent: event.traceparent))
        }
    }

    /// Sends the rejected messages to the consolidation's queue only.
    /// - Returns: the outcomes by position.
    private func sendDirectly(_ messages: [AMQPMessage], rejectedBy outcomes: [PublishOutcome]) async -> [Int: PublishOutcome] {
        let positions = outcomes.indices.filter { outcomes[$0] == .rejected }
        guard self.queue == nil, !positions.isEmpty else { return [:] }
        let copies = positions.map { position in
            var copy = messages[position]
            copy.exchange = ""
            copy.routingKey = AMQPNames.Queue.consolidado
            return copy
        }
        return Dictionary(uniqueKeysWithValues: zip(positions, await self.publisher.publish(copies)))
    }

    func message(_ event: Registration) -> AMQPMessage {
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
            exchange: self.queue == nil ? AMQPNames.Exchange.lancamentos : "",
            routingKey: self.queue ?? EventoLancamentoRegistrado.routingKey(lancamento),
            properties: properties,
            body: EventoLancamentoRegistrado.encode(lancamento, urlPublica: self.urlPublica)
        )
    }

    private func count(_ outcomes: [PublishOutcome], direct: [PublishOutcome]) {
        let labels = outcomes.map(\.label) + direct.map { $0 == .confirmed ? Self.directLabel : $0.label }
        let counts = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
        for (label, count) in counts { self.total[label]?.increment(by: count) }
        // The rows stay in the outbox and are sent again. A person has to find out why they are refused.
        let refused = counts.filter { ["returned", "rejected", "invalid"].contains($0.key) }
        self.warn(refused, self.refusedWarning, "events refused by the broker")
        self.warn(
            counts.filter { $0.key == Self.directLabel }, self.directWarning,
            "a queue bound to the events refuses them; the consolidation has received them"
        )
    }

    private func warn(_ counts: [String: Int], _ throttle: NIOLockedValueBox<WarningThrottle>, _ text: Logger.Message) {
        guard !counts.isEmpty else { return }
        let events = counts.values.reduce(0, +)
        guard let total = throttle.withLockedValue({ $0.add(events, now: .now) }) else { return }
        self.logger.warning(text, metadata: ["events": "\(total)", "outcome": "\(counts.keys.sorted().joined(separator: ","))"])
    }

    /// Rejected by a queue, confirmed by the consolidation's.
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

/// Limits a repeated warning to one per interval, with the total count since the last.
struct WarningThrottle: Sendable {
    private let interval: Duration
    private var next: ContinuousClock.Instant?
    private var count = 0

    init(interval: Duration = .seconds(5)) {
        self.interval = interval
    }

    /// - Returns: the count to log now; nil if it is added to a later one.
    mutating func add(_ more: Int, now: ContinuousClock.Instant) -> Int? {
        self.count += more
        if let next, now < next { return nil }
        self.next = now + self.interval
        defer { self.count = 0 }
        return self.count
    }
}

/// Measures the state of the publisher's connection. The publisher logs its changes.
package struct PublisherMonitor: PublisherObserver {
    private let blocked = Gauge(label: "publisher_blocked")

    package init() {}

    package func publisherConnected(to endpoint: AMQPEndpoint) { self.blocked.record(0) }

    package func publisherDisconnected(_ error: AMQPError) { self.blocked.record(0) }

    package func publisherBlocked(reason: String) { self.blocked.record(1) }

    package func publisherUnblocked() { self.blocked.record(0) }
}

enum LancamentosTopology {
    /// Declared by the relay.
    static let eventos = AMQPTopology.lancamentosRegistrados

    /// Declared by the command intake.
    static let comandos = AMQPTopology(
        exchanges: [.init(name: AMQPNames.Exchange.comandos, kind: .topic)],
        queues: [.quorum(AMQPNames.Queue.comandos)],
        bindings: [
            .init(
                queue: AMQPNames.Queue.comandos,
                exchange: AMQPNames.Exchange.comandos,
                routingKey: AMQPNames.RoutingKey.allComandos
            )
        ]
    )

    /// Declared by the publisher of dead letters. A publisher repeats its declarations every few seconds and a consumer does not, so this one also
    /// restores a removed binding of the commands.
    static let comandosDeadLetters = AMQPTopology(
        exchanges: comandos.exchanges,
        queues: comandos.queues + [.quorum(AMQPNames.Queue.comandosDLQ)],
        bindings: comandos.bindings
    )
}

extension RequeuedOrigin {
    /// Dead letters of the command queue.
    /// - Parameter user: the service's own user at the broker.
    package static func comandos(user: String) -> RequeuedOrigin {
        RequeuedOrigin(queue: AMQPNames.Queue.comandos, exchange: AMQPNames.Exchange.comandos, user: user)
    }
}
