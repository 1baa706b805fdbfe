import AMQP
import Contrato
import FluxoDeCaixa

/// The answer to a command: the answer of REST, with its status in a header.
struct CommandReply: Sendable {
    /// `application/json`, `application/problem+json`.
    private let contentType: String
    private let status: Int
    private let body: [UInt8]
    /// The message id, which identifies a returned answer. For a refusal it is also the `instance`.
    private let id: String

    /// - Parameter id: a new UUID as text.
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

    /// - Parameter id: a new UUID as text.
    init(_ problema: Problema, urlPublica: String, id: String) {
        self.id = id
        self.contentType = AMQPNames.ContentType.problema
        self.status = problema.nome.status
        self.body = problema.json(urlPublica: urlPublica, requestID: id)
    }

    /// The message. The correlation id is the only part of it that the sender chose.
    ///
    /// It is mandatory only for queues: some versions of RabbitMQ return a message to direct reply-to even when it is delivered, others never.
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
