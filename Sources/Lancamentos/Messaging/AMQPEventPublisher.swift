package import AMQP
import Contrato
import FluxoDeCaixa
package import Logging
import Metrics

/// Sends events of registered entries to the topic exchange, each mandatory and persistent, and waits for the broker's confirms.
package struct AMQPEventPublisher: EventPublisher {
    private let publisher: ConfirmedPublisher
    private let user: String
    private let urlPublica: String
    private let logger: Logger
    private let confirmDuration = Timer(label: "publish_confirm_duration_seconds")

    /// - Parameters:
    ///   - publisher: declares the exchange and the queue that must exist.
    ///   - user: the connection's own user: the broker vouches for it in `user_id`.
    ///   - urlPublica: where `dataschema` leads.
    package init(publisher: ConfirmedPublisher, user: String, urlPublica: String, logger: Logger) {
        self.publisher = publisher
        self.user = user
        self.urlPublica = urlPublica
        self.logger = logger
    }

    package var isReady: Bool { self.publisher.isReady }

    package func publish(_ events: [PendingEvent]) async -> [Bool] {
        let messages = events.map { self.message($0) }
        let start = ContinuousClock.now
        let outcomes = await self.publisher.publish(messages)
        self.confirmDuration.record(duration: .now - start)
        self.count(outcomes)
        return outcomes.map { $0 == .confirmed }
    }

    private func message(_ event: PendingEvent) -> AMQPMessage {
        let lancamento = event.lancamento
        var properties = AMQPProperties()
        properties.contentType = NomesAMQP.ContentType.cloudEvent
        properties.persistent = true
        properties.messageID = lancamento.id.description
        properties.type = EventoLancamentoRegistrado.type
        properties.timestamp = UInt64(lancamento.registradoEm.milissegundos / 1000)
        properties.appID = NomesAMQP.AppID.lancamentos
        properties.userID = self.user
        if let traceparent = event.traceparent { properties.headers = [NomesAMQP.Header.traceparent: .string(traceparent)] }
        return AMQPMessage(
            exchange: NomesAMQP.Exchange.lancamentos,
            routingKey: EventoLancamentoRegistrado.routingKey(lancamento),
            properties: properties,
            body: EventoLancamentoRegistrado.encode(lancamento, urlPublica: self.urlPublica)
        )
    }

    private func count(_ outcomes: [PublishOutcome]) {
        let counts = Dictionary(outcomes.map { ($0.label, 1) }, uniquingKeysWith: +)
        for (label, count) in counts { Counter(label: "publish_total", dimensions: [("outcome", label)]).increment(by: count) }
        let refused = counts.filter { ["returned", "rejected", "invalid"].contains($0.key) }
        guard !refused.isEmpty else { return }
        // The rows stay in the outbox and are sent again; that nothing takes them is for a person to look at.
        self.logger.warning(
            "events refused by the broker",
            metadata: ["events": "\(refused.values.reduce(0, +))", "outcome": "\(refused.keys.sorted().joined(separator: ","))"]
        )
    }
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
