package import FluxoDeCaixa

/// The event of a registered entry: CloudEvents 1.0, structured JSON.
package enum EventoLancamentoRegistrado {
    package static let source = "/fluxo-caixa/lancamentos"
    /// The member `type`, and the AMQP property of that name; the number at its end is the major version.
    package static let type = "br.fluxocaixa.lancamento.registrado.v1"

    static let tipoSemVersao = "br.fluxocaixa.lancamento.registrado.v"
    static let versaoMaior = "1"

    /// The member `dataschema`: where the JSON schema of `data` is served.
    package static func dataschema(urlPublica: String) -> String {
        "\(urlPublica)/esquemas/lancamento-registrado-v1.json"
    }

    /// The routing key of the event on ``AMQPNames/Exchange/lancamentos``.
    package static func routingKey(_ lancamento: Lancamento) -> String {
        AMQPNames.RoutingKey.registrado(lancamento.tipo, lancamento.conta)
    }

    /// Returns the whole body. Equal entries give equal bytes, so that an event sent again is the same event. `estornado_por` is never part of
    /// it because it may appear between two sends.
    package static func encode(_ lancamento: Lancamento, urlPublica: String) -> [UInt8] {
        var registrado = lancamento
        registrado.estornadoPor = nil
        var writer = JSONWriter(reservedBytes: 1024)
        writer.object { writer in
            writer.member("specversion", "1.0")
            writer.member("id", registrado.id.description)
            writer.member("source", self.source)
            writer.member("type", self.type)
            writer.member("subject", registrado.conta.nome)
            writer.member("time", registrado.registradoEm.description)
            writer.member("datacontenttype", AMQPNames.ContentType.json)
            writer.member("dataschema", self.dataschema(urlPublica: urlPublica))
            writer.name("data")
            LancamentoJSON.write(registrado, to: &writer)
        }
        return writer.bytes
    }

    /// Reads what the balance needs of a received event, or why it can never be applied.
    ///
    /// Only the form is checked, never the clock: a registered entry must be applicable. Other members are ignored.
    /// - Parameter messageID: the AMQP property; if there is one, it must be the id of the entry.
    package static func decode(body: [UInt8], messageID: String?) -> Result<LancamentoAplicavel, MessageRefusal> {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONReader.read(body)
        } catch {
            return .failure(MessageRefusal(motivo: .ilegivel, erro: error.mensagem))
        }
        var leitura = EventReader(json)
        if let outra = leitura.versaoMaiorDesconhecida {
            return .failure(MessageRefusal(motivo: .versaoDesconhecida, erro: "A versão \(outra) do evento não é conhecida."))
        }
        guard let lancamento = leitura.lancamento(messageID: messageID) else {
            return .failure(MessageRefusal(motivo: .invalido, erro: leitura.falhas.joined(separator: " ")))
        }
        return .success(lancamento)
    }
}

/// Reads the event of a registered entry member by member and collects every fault.
struct EventReader {
    private static let versaoMaximaEmBytes = 8

    private let evento: JSONValue
    private let data: JSONValue
    private(set) var falhas: [String] = []

    init(_ evento: JSONValue) {
        self.evento = evento
        self.data = evento["data"] ?? .null
    }

    /// The major version, if the event has this type but a version that this program does not read.
    var versaoMaiorDesconhecida: String? {
        guard case .string(let tipo)? = self.evento["type"], tipo.utf8.starts(with: EventoLancamentoRegistrado.tipoSemVersao.utf8) else {
            return nil
        }
        let versao = tipo.utf8.dropFirst(EventoLancamentoRegistrado.tipoSemVersao.utf8.count)
        let algarismos = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard !versao.isEmpty, versao.count <= EventReader.versaoMaximaEmBytes, versao.allSatisfy(algarismos.contains),
            !versao.elementsEqual(EventoLancamentoRegistrado.versaoMaior.utf8)
        else { return nil }
        return String(decoding: versao, as: UTF8.self)
    }

    /// The entry; `nil` if there are ``falhas``.
    mutating func lancamento(messageID: String?) -> LancamentoAplicavel? {
        guard case .object = self.evento else {
            self.falhas.append("O corpo não é um objeto JSON.")
            return nil
        }
        self.envelope()
        let id = self.id(messageID: messageID)
        let conta = self.require(self.data["conta"]?.text.flatMap { Conta($0) }, "`data.conta` não é uma conta.")
        let tipo: Tipo? = self.require(
            self.data["tipo"]?.text.flatMap { KnownWord.read($0) }, "`data.tipo` não é \"credito\" nem \"debito\".")
        let valor = self.require(self.valor, "`data.valor` não é um valor maior que zero com até duas casas decimais.")
        let dia = self.require(self.data["data"]?.text.flatMap { Dia(parsing: $0) }, "`data.data` não é uma data.")
        if self.data["moeda"]?.text?.hasSameBytes(as: LancamentoJSON.moeda) != true {
            self.falhas.append("`data.moeda` não é \"\(LancamentoJSON.moeda)\".")
        }
        let natureza = self.natureza()
        let estornoDe = self.estornoDe()
        guard self.falhas.isEmpty, let id, let conta, let tipo, let valor, let dia, let natureza else { return nil }
        return LancamentoAplicavel(id: id, conta: conta, data: dia, tipo: tipo, natureza: natureza, valor: valor, estornoDe: estornoDe)
    }

    private mutating func envelope() {
        if self.evento["specversion"]?.text?.hasSameBytes(as: "1.0") != true {
            self.falhas.append("`specversion` não é \"1.0\".")
        }
        if self.evento["type"]?.text?.hasSameBytes(as: EventoLancamentoRegistrado.type) != true {
            self.falhas.append("`type` não é \"\(EventoLancamentoRegistrado.type)\".")
        }
        if case .object = self.data { return }
        self.falhas.append("`data` não é um objeto.")
    }

    private mutating func id(messageID: String?) -> LancamentoID? {
        let doEvento = self.evento["id"]?.text.flatMap { LancamentoID(parsing: $0) }
        guard let id = doEvento, id.isVersion7 else {
            self.falhas.append("`id` não é um UUID versão 7.")
            return nil
        }
        if self.data["id"]?.text.flatMap({ LancamentoID(parsing: $0) }) != id {
            self.falhas.append("`data.id` não é o `id` do evento.")
        }
        if let messageID, LancamentoID(parsing: messageID) != id {
            self.falhas.append("`message_id` não é o `id` do evento.")
        }
        return id
    }

    private var valor: Valor? {
        switch self.data["valor"] {
        case .string(let texto)?, .number(let texto)?: Valor(parsing: texto)
        default: nil
        }
    }

    /// Any text that can be stored; an absent one means the default.
    private mutating func natureza() -> String? {
        let maximo = LancamentoAplicavel.naturezaMaximaEmEscalares
        switch self.data["natureza"] {
        case nil, .null?:
            return Natureza.operacional.rawValue
        case .string(let texto)? where !texto.utf8.contains(0) && !texto.hasMoreScalars(than: maximo):
            return texto
        default:
            self.falhas.append("`data.natureza` não é um texto de até \(maximo) caracteres sem U+0000.")
            return nil
        }
    }

    private mutating func estornoDe() -> LancamentoID? {
        switch self.data["estorno_de"] {
        case nil, .null?: nil
        case let valor?: self.require(valor.text.flatMap { LancamentoID(parsing: $0) }, "`data.estorno_de` não é um UUID.")
        }
    }

    private mutating func require<Lido>(_ lido: Lido?, _ falha: String) -> Lido? {
        if lido == nil { self.falhas.append(falha) }
        return lido
    }
}

/// The part of a registered entry that the balance needs.
package struct LancamentoAplicavel: Sendable {
    /// Longer values are refused because they are stored with every entry.
    package static let naturezaMaximaEmEscalares = 64

    /// Always of version 7.
    package var id: LancamentoID
    package var conta: Conta
    /// Any day: no window applies to registered entries.
    package var data: Dia
    package var tipo: Tipo
    /// As received: a newer entry service may have values that this program does not know.
    package var natureza: String
    package var valor: Valor
    /// The entry that this one reverses.
    package var estornoDe: LancamentoID?

    package init(
        id: LancamentoID,
        conta: Conta,
        data: Dia,
        tipo: Tipo,
        natureza: String,
        valor: Valor,
        estornoDe: LancamentoID? = nil
    ) {
        self.id = id
        self.conta = conta
        self.data = data
        self.tipo = tipo
        self.natureza = natureza
        self.valor = valor
        self.estornoDe = estornoDe
    }
}

extension LancamentoAplicavel: Equatable {
    /// Texts compare by bytes.
    package static func == (lhs: LancamentoAplicavel, rhs: LancamentoAplicavel) -> Bool {
        lhs.id == rhs.id && lhs.conta == rhs.conta && lhs.data == rhs.data && lhs.tipo == rhs.tipo
            && lhs.natureza.hasSameBytes(as: rhs.natureza) && lhs.valor == rhs.valor && lhs.estornoDe == rhs.estornoDe
    }
}
