import AMQP
import Contrato
import FluxoDeCaixa

/// The answer to a command: what REST would have answered, with its status in a header.
struct CommandReply: Sendable {
    /// `application/json`, `application/problem+json`.
    private let contentType: String
    private let status: Int
    private let body: [UInt8]
    /// The message's own id, by which the broker's return of it is recognised; of a refusal also its `instance`.
    private let id: String

    /// - Parameter id: the text of a UUID, new for each answer.
    init(_ resultado: RegistrationOutcome, id: String) {
        self.id = id
        self.contentType = AMQPNames.ContentType.json
        switch resultado {
        case .criado(let lancamento):
            self.status = 201
            self.body = LancamentoJSON.encode(lancamento)
        case .repetido(let lancamento):
            self.status = 200
            self.body = LancamentoJSON.encode(lancamento)
        }
    }

    /// - Parameter id: the text of a UUID, new for each answer.
    init(_ problema: Problema, urlPublica: String, id: String) {
        self.id = id
        self.contentType = AMQPNames.ContentType.problema
        self.status = problema.nome.status
        self.body = problema.json(urlPublica: urlPublica, requestID: id)
    }

    /// The message. Nothing of the sender's is in it but the correlation id.
    ///
    /// Mandatory only to queues: what was sent to direct reply-to some versions of RabbitMQ return even when it is delivered, others never.
    func message(to address: ReplyAddress, correlationID: String, agora: Instante) -> AMQPMessage {
        var properties = AMQPProperties()
        properties.contentType = self.contentType
        properties.correlationID = correlationID
        properties.messageID = self.id
        properties.appID = AMQPNames.AppID.lancamentos
        properties.timestamp = UInt64(max(0, agora.milissegundos / 1000))
        properties.headers = [AMQPNames.Header.status: .int32(Int32(self.status))]
        var mandatory = false
        if case .queue = address {
            mandatory = true
            properties.persistent = true
        }
        return AMQPMessage(
            exchange: "", routingKey: address.routingKey, mandatory: mandatory, properties: properties, body: self.body
        )
    }
}
