import AMQP
import Contrato
import FluxoDeCaixa
import Metrics

/// Sends news of balances to the topic exchange, persistent and confirmed. They are not mandatory, because there may be no subscriber.
struct AMQPNoticePublisher: NoticePublisher {
    /// The longest wait of news for a connection. After it the caller queries again what is due.
    private static let sendMax: Duration = .seconds(5)

    /// Declares the exchange.
    let publisher: ConfirmedPublisher
    /// The connection's user. The broker verifies it in `user_id`.
    let user: String
    /// The base URL of `dataschema`.
    let urlPublica: String
    private let confirmed = Counter(label: "publish_total", dimensions: [("outcome", "confirmed")])
    private let rejected = Counter(label: "publish_total", dimensions: [("outcome", "rejected")])
    private let unknown = Counter(label: "publish_total", dimensions: [("outcome", "unknown")])

    var isReady: Bool { self.publisher.isReady }

    func publish(_ notices: [Notice]) async -> [NoticeOutcome] {
        let outcomes = await self.publisher.publish(notices.map { self.message($0) }, deadline: .now + Self.sendMax)
        let known = outcomes.map { Self.outcome($0) }
        for (counter, outcome) in [(self.confirmed, NoticeOutcome.confirmed), (self.rejected, .refused), (self.unknown, .unknown)] {
            counter.increment(by: known.count { $0 == outcome })
        }
        return known
    }

    private static func outcome(_ outcome: PublishOutcome) -> NoticeOutcome {
        switch outcome {
        case .confirmed: .confirmed
        case .returned, .rejected, .invalid: .refused
        case .unknown, .notSent: .unknown
        }
    }

    private func message(_ notice: Notice) -> AMQPMessage {
        let noticia = notice.noticia
        var properties = AMQPProperties()
        properties.contentType = AMQPNames.ContentType.cloudEvent
        properties.persistent = true
        properties.messageID = noticia.id
        properties.type = EventoConsolidadoAtualizado.type
        properties.timestamp = UInt64(clamping: noticia.atualizadoEm.milissegundos / 1000)
        properties.appID = AMQPNames.AppID.consolidado
        properties.userID = self.user
        return AMQPMessage(
            exchange: AMQPNames.Exchange.consolidados,
            routingKey: AMQPNames.RoutingKey.atualizado(noticia.conta),
            mandatory: false,
            properties: properties,
            body: EventoConsolidadoAtualizado.encode(noticia, urlPublica: self.urlPublica)
        )
    }
}
