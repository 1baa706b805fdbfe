import AMQP
import Contrato
package import FluxoDeCaixa
import Observability
package import Tracing

/// Reads commands by the rules of `POST /v1/lancamentos`, with the message's properties in place of the request's headers.
///
/// The checks run in this order, and the first failure is reported: origin, media type, length, syntax, key, account, then all other faults
/// together.
package struct CommandReader: Sendable {
    /// The same limit as for one entry over HTTP.
    static let bodyBytesMax = 65_536
    /// The values of `content_encoding` that mean no encoding.
    private static let contentEncodings: Set = ["identity", "utf-8"]

    private let hoje: @Sendable () -> Dia
    private let dia: @Sendable (Instante) -> Dia
    private let tracer: any Tracer

    /// - Parameters:
    ///   - hoje: today in the business time zone.
    ///   - dia: the day of an instant in that time zone.
    ///   - tracer: makes each command a span of its sender's trace.
    package init(
        hoje: @escaping @Sendable () -> Dia, dia: @escaping @Sendable (Instante) -> Dia, tracer: any Tracer = W3CTracer()
    ) {
        self.hoje = hoje
        self.dia = dia
        self.tracer = tracer
    }

    func read(_ delivery: Delivery) throws(CommandRefusal) -> Command {
        try Self.checkOrigin(delivery)
        try Self.checkForm(delivery)
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONReader.read(delivery.body)
        } catch {
            throw CommandRefusal(Problema(error), motivo: .ilegivel)
        }
        let chave = try Self.chave(delivery)
        let diaDoEnvio = delivery.properties.timestamp.map { self.dia(Self.instant(secondsSince1970: $0)) }
        var novo = try self.entry(json, routingKey: delivery.routingKey, diaDoEnvio: diaDoEnvio)
        novo.chave = chave
        return Command(
            novo: novo, diaDoEnvio: diaDoEnvio, registradoPor: delivery.properties.userID,
            hop: Hop(
                "lancamento.registrar", kind: .consumer, from: delivery.properties.headers, using: HeadersExtractor(), tracer: self.tracer)
        )
    }

    /// The broker checks the routing key by topic permissions only for messages published to the exchange for commands. Another user's queue
    /// can dead-letter into that exchange with any key, and another exchange can be bound to it.
    private static func checkOrigin(_ delivery: Delivery) throws(CommandRefusal) {
        let isOurExchange = delivery.exchange.hasSameBytes(as: AMQPNames.Exchange.comandos)
        guard isOurExchange, delivery.properties.headers?[AMQPNames.Header.death] == nil else {
            throw CommandRefusal(
                .contaNaoPermitida,
                "Só é aceito o comando publicado na exchange \(AMQPNames.Exchange.comandos), sem passar por outra fila ou exchange.",
                motivo: .origemNaoPermitida)
        }
    }

    private static func checkForm(_ delivery: Delivery) throws(CommandRefusal) {
        let isJSON = delivery.properties.contentType.map(Self.isJSON) ?? true
        let isPlain = delivery.properties.contentEncoding.map { $0.isEmpty || Self.contentEncodings.contains($0.lowercased()) } ?? true
        guard isJSON, isPlain else {
            throw CommandRefusal(.tipoDeMidia, "O corpo deve ser \(AMQPNames.ContentType.json), sem compressão.", motivo: .ilegivel)
        }
        guard delivery.bodyBytesTotal <= UInt64(Self.bodyBytesMax) else {
            throw CommandRefusal(.corpoGrande, "O corpo tem mais de \(Self.bodyBytesMax) bytes.", motivo: .ilegivel)
        }
    }

    /// Ignores parameters, as over HTTP.
    private static func isJSON(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }.lowercased().utf8.trimmed
        return type.isEmpty || type.elementsEqual(AMQPNames.ContentType.json.utf8)
    }

    /// Reads the key literally: quotes are part of it.
    private static func chave(_ delivery: Delivery) throws(CommandRefusal) -> Chave {
        guard let messageID = delivery.properties.messageID, !messageID.isEmpty else {
            throw CommandRefusal(
                .chaveInvalida, "Falta a propriedade message_id, que é a chave de idempotência.", motivo: .semMessageID)
        }
        guard let chave = Chave(literal: messageID) else {
            let maximo = Chave.comprimentoMaximoEmCaracteres
            throw CommandRefusal(
                .chaveInvalida, "message_id tem de 1 a \(maximo) caracteres visíveis de ASCII (0x21 a 0x7E).", motivo: .semMessageID)
        }
        return chave
    }

    /// An account that does not match the routing key is reported before any other fault.
    private func entry(_ json: JSONValue, routingKey: String, diaDoEnvio: Dia?) throws(CommandRefusal) -> NovoLancamento {
        let reader = LancamentoReader(janela: JanelaDeDatas(hoje: self.hoje()), chave: .refused)
        switch reader.read(json, dataPadrao: diaDoEnvio) {
        case .success(let novo):
            try Self.check(novo.conta, routingKey)
            return novo
        case .failure(let recusa):
            if let conta = recusa.conta { try Self.check(conta, routingKey) }
            throw CommandRefusal(Problema(ErrosDeCampo(recusa.erros)), motivo: .invalido)
        }
    }

    private static func check(_ conta: Conta, _ routingKey: String) throws(CommandRefusal) {
        guard AMQPNames.RoutingKey.allows(routingKey, conta) else {
            throw CommandRefusal(
                .contaNaoPermitida, "A conta do corpo não é a da chave de roteamento.", motivo: .contaNaoPermitida)
        }
    }

    /// An instant beyond the representable range becomes the last one, which is in no date window.
    private static func instant(secondsSince1970 seconds: UInt64) -> Instante {
        Instante(milissegundos: Int64(min(seconds, UInt64(Int64.max / 1000))) * 1000)
    }
}

/// Finds a sender's trace context among the headers of a message.
private struct HeadersExtractor: Extractor {
    func extract(key: String, from carrier: AMQPTable?) -> String? { carrier?[key]?.stringValue }
}

/// A valid command: an entry that its sender may register.
struct Command: Sendable {
    /// The entry. Its key is the message's `message_id`.
    let novo: NovoLancamento
    /// The day of the message's `timestamp`, used if the entry has no day; nil for today.
    let diaDoEnvio: Dia?
    /// The user verified by the broker.
    let registradoPor: String?
    /// The sender's trace with this command as its span, or a new trace.
    let hop: Hop
}

/// The reason why a command is refused: the problem for its sender, and the reason for the dead letter if no answer is possible.
struct CommandRefusal: Error, Equatable {
    let problema: Problema
    let motivo: Motivo

    init(_ problema: Problema, motivo: Motivo) {
        self.problema = problema
        self.motivo = motivo
    }

    init(_ nome: Problema.Nome, _ detail: String, motivo: Motivo) {
        self.init(Problema(nome, detail: detail), motivo: motivo)
    }

    /// The refusal for the dead letter, with every fault in one text.
    var messageRefusal: MessageRefusal {
        let faults = self.problema.erros.map { "`\($0.campo)`: \($0.mensagem)" }
        return MessageRefusal(motivo: self.motivo, erro: faults.isEmpty ? self.problema.detail : faults.joined(separator: " "))
    }

    /// The key was used before with other content.
    static let conflito = CommandRefusal(
        .chaveComOutroConteudo, "Este `message_id` já registrou, nesta conta, um lançamento com outro conteúdo.", motivo: .conflito)
}
