import AMQP
import Contrato
import FluxoDeCaixa

@testable import Lancamentos

/// Commands for tests.
enum Comandos {
    static let hoje = Dia(parsing: "2026-11-24")!
    /// 2026-11-23T12:00:00Z.
    static let ontem: UInt64 = 1_795_435_200

    /// A good command of the user `loja` for the account `loja`, changed by the closure.
    static func delivery(
        _ number: UInt64 = 1,
        body: String = #"{"conta":"loja","tipo":"credito","valor":"1.00"}"#,
        exchange: String = AMQPNames.Exchange.comandos,
        routingKey: String = "lancamento.registrar.loja",
        change: (inout AMQPProperties) -> Void = { _ in }
    ) -> Delivery {
        var properties = AMQPProperties()
        properties.contentType = "application/json"
        properties.messageID = "m\(number)"
        properties.userID = "loja"
        change(&properties)
        return Delivery(
            tag: DeliveryTag(generation: 1, number: number), redelivered: false, exchange: exchange, routingKey: routingKey,
            properties: properties, body: Array(body.utf8), bodyBytesTotal: UInt64(body.utf8.count)
        )
    }

    /// A reader for which today is ``hoje``, in UTC.
    static let reader = CommandReader(
        hoje: { hoje },
        dia: { Dia(diasDesde2000: Int32(($0.milissegundos / 86_400_000) - 10_957)) ?? .ultimo }
    )
}
