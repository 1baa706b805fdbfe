import FluxoDeCaixa

/// Reads the event of a registered entry member by member, collecting what is wrong with it.
struct LeituraDeEvento {
    private static let versaoMaximaEmBytes = 8

    private let evento: JSONValue
    private let data: JSONValue
    private(set) var falhas: [String] = []

    init(_ evento: JSONValue) {
        self.evento = evento
        self.data = evento["data"] ?? .null
    }

    /// The major version, if the event is of this type but not of the version that this program reads.
    var versaoMaiorDesconhecida: String? {
        guard case .string(let tipo)? = evento["type"], tipo.utf8.starts(with: EventoLancamentoRegistrado.tipoSemVersao.utf8) else {
            return nil
        }
        let versao = tipo.utf8.dropFirst(EventoLancamentoRegistrado.tipoSemVersao.utf8.count)
        let algarismos = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard !versao.isEmpty, versao.count <= LeituraDeEvento.versaoMaximaEmBytes, versao.allSatisfy(algarismos.contains),
            !versao.elementsEqual(EventoLancamentoRegistrado.versaoMaior.utf8)
        else { return nil }
        return String(decoding: versao, as: UTF8.self)
    }

    /// The entry; `nil` with at least one of ``falhas``.
    mutating func lancamento(messageID: String?) -> LancamentoAplicavel? {
        guard case .object = evento else {
            falhas.append("O corpo não é um objeto JSON.")
            return nil
        }
        envelope()
        let id = id(messageID: messageID)
        let conta = exigir(texto(data["conta"]).flatMap { Conta($0) }, "`data.conta` não é uma conta.")
        let tipo: Tipo? = exigir(texto(data["tipo"]).flatMap { PalavraConhecida.ler($0) }, "`data.tipo` não é \"credito\" nem \"debito\".")
        let valor = exigir(valor, "`data.valor` não é um valor maior que zero com até duas casas decimais.")
        let dia = exigir(texto(data["data"]).flatMap { Dia(parsing: $0) }, "`data.data` não é uma data.")
        if texto(data["moeda"])?.temOsMesmosBytes(que: LancamentoJSON.moeda) != true {
            falhas.append("`data.moeda` não é \"\(LancamentoJSON.moeda)\".")
        }
        let natureza = natureza()
        let estornoDe = estornoDe()
        guard falhas.isEmpty, let id, let conta, let tipo, let valor, let dia, let natureza else { return nil }
        return LancamentoAplicavel(id: id, conta: conta, data: dia, tipo: tipo, natureza: natureza, valor: valor, estornoDe: estornoDe)
    }

    private mutating func envelope() {
        if texto(evento["specversion"])?.temOsMesmosBytes(que: "1.0") != true {
            falhas.append("`specversion` não é \"1.0\".")
        }
        if texto(evento["type"])?.temOsMesmosBytes(que: EventoLancamentoRegistrado.type) != true {
            falhas.append("`type` não é \"\(EventoLancamentoRegistrado.type)\".")
        }
        if case .object = data { return }
        falhas.append("`data` não é um objeto.")
    }

    private mutating func id(messageID: String?) -> LancamentoID? {
        let doEvento = texto(evento["id"]).flatMap { LancamentoID(parsing: $0) }
        guard let id = doEvento, id.isVersion7 else {
            falhas.append("`id` não é um UUID versão 7.")
            return nil
        }
        if texto(data["id"]).flatMap({ LancamentoID(parsing: $0) }) != id {
            falhas.append("`data.id` não é o `id` do evento.")
        }
        if let messageID, LancamentoID(parsing: messageID) != id {
            falhas.append("`message_id` não é o `id` do evento.")
        }
        return id
    }

    private var valor: Valor? {
        switch data["valor"] {
        case .string(let texto)?, .number(let texto)?: Valor(parsing: texto)
        default: nil
        }
    }

    /// Any text that can be stored; absent means the default, as everywhere.
    private mutating func natureza() -> String? {
        let maximo = LancamentoAplicavel.naturezaMaximaEmEscalares
        switch data["natureza"] {
        case nil, .null?:
            return Natureza.operacional.rawValue
        case .string(let texto)? where !texto.utf8.contains(0) && !texto.temMaisEscalaresQue(maximo):
            return texto
        default:
            falhas.append("`data.natureza` não é um texto de até \(maximo) caracteres sem U+0000.")
            return nil
        }
    }

    private mutating func estornoDe() -> LancamentoID? {
        switch data["estorno_de"] {
        case nil, .null?: nil
        case let valor?: exigir(texto(valor).flatMap { LancamentoID(parsing: $0) }, "`data.estorno_de` não é um UUID.")
        }
    }

    private func texto(_ valor: JSONValue?) -> String? {
        if case .string(let texto)? = valor { texto } else { nil }
    }

    private mutating func exigir<Lido>(_ lido: Lido?, _ falha: String) -> Lido? {
        if lido == nil { falhas.append(falha) }
        return lido
    }
}
