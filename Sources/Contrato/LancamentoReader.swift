package import FluxoDeCaixa

/// Reads an entry as callers send it: a REST body, a line of a lote, or a command.
package struct LancamentoReader: Sendable {
    /// Whether the member `chave` is known: entries of a lote contain their key, other callers send it beside the body.
    package enum ChaveMember: Sendable {
        /// Unknown, like any other name.
        case refused
        /// The idempotency key, read literally.
        case accepted
    }

    private enum Member: String, CaseIterable {
        case conta, tipo, valor, data, moeda, natureza, descricao, categoria, referencia, metadados, chave
    }

    private enum Moeda: String, CaseIterable {
        case real = "BRL"
    }

    /// The known members in the order of the documents.
    package static func membros(_ chave: ChaveMember) -> [String] {
        Member.allCases.filter { $0 != .chave || chave == .accepted }.map(\.rawValue)
    }

    private let janela: JanelaDeDatas
    private let accepted: Set<Member>

    /// Create one reader per request: the window moves at midnight.
    package init(janela: JanelaDeDatas, chave: ChaveMember) {
        self.janela = janela
        self.accepted = chave == .accepted ? Set(Member.allCases) : Set(Member.allCases).subtracting([.chave])
    }

    /// Returns the entry, or every fault at once.
    /// - Parameter dataPadrao: the day of an entry without `data`, checked against the same window. It does not become part of the entry.
    package func read(_ json: JSONValue, dataPadrao: Dia? = nil) -> Result<NovoLancamento, LancamentoRecusado> {
        guard case .object(let written) = json else {
            let fault = ErroDeCampo(campo: "corpo", codigo: .tipoInvalido, mensagem: "Deve ser um objeto JSON.")
            return .failure(LancamentoRecusado(conta: nil, chave: .ausente, erros: [fault]))
        }
        var members = MemberReader<Member>(written, accepted: self.accepted)
        let conta = self.conta(&members)
        let tipo: Tipo? = self.required(members.word(.tipo), .tipo, "\"credito\" ou \"debito\"", &members)
        let valor = self.valor(&members)
        let data = members.dia(.data)
        if let dia = members[.data] == nil ? dataPadrao : data, !self.janela.aceita(dia) {
            members.report(.data, .foraDoIntervalo, "Deve estar no intervalo \(self.janela).")
        }
        let _: Moeda? = members.word(.moeda)
        let natureza: Natureza? = members.word(.natureza)
        let descricao = members.text(.descricao, scalarsMax: NovoLancamento.descricaoMaximaEmEscalares)
        let categoria = members.text(.categoria, scalarsMax: NovoLancamento.categoriaMaximaEmEscalares)
        let referencia = members.text(.referencia, scalarsMax: NovoLancamento.referenciaMaximaEmEscalares)
        var metadataFaults = BoundedFaults()
        let metadados = self.metadados(members[.metadados], &metadataFaults)
        let chave = self.chave(&members)

        let faults = members.allFaults(adding: metadataFaults)
        guard faults.isEmpty, chave != .malformada, let conta, let tipo, let valor, let metadados else {
            return .failure(LancamentoRecusado(conta: conta, chave: chave, erros: faults))
        }
        return .success(
            NovoLancamento(
                conta: conta,
                tipo: tipo,
                valor: valor,
                data: data,
                natureza: natureza ?? .operacional,
                descricao: descricao,
                categoria: categoria,
                referencia: referencia,
                metadados: metadados,
                chave: chave.valor
            )
        )
    }

    // MARK: Members

    /// Reports an absent member. A refused value has been reported already.
    private func required<Value>(_ value: Value?, _ member: Member, _ accepted: String, _ members: inout MemberReader<Member>) -> Value? {
        if members[member] == nil { members.report(member, .obrigatorio, "Obrigatório: \(accepted).") }
        return value
    }

    private func conta(_ members: inout MemberReader<Member>) -> Conta? {
        let accepted = "letras de A a Z sem acento, algarismos, \"_\" e \"-\", em segmentos separados por um ponto, de 1 a 64 caracteres"
        guard let name = self.required(members.text(.conta), .conta, accepted, &members) else { return nil }
        let conta = Conta(name)
        if conta == nil { members.report(.conta, .formato, "Deve ter \(accepted); um segmento não começa com \"-\".") }
        return conta
    }

    private func valor(_ members: inout MemberReader<Member>) -> Valor? {
        let accepted = "de 0.01 a 9999999999.99, com ponto e no máximo duas casas decimais, como \"150.75\""
        let text: String
        switch members[.valor] {
        case .string(let written)?, .number(let written)?:
            text = written
        case nil:
            members.report(.valor, .obrigatorio, "Obrigatório: \(accepted).")
            return nil
        default:
            members.report(.valor, .tipoInvalido, "Deve ser um texto ou número \(accepted).")
            return nil
        }
        let valor = Valor(parsing: text)
        if valor == nil { members.report(.valor, Self.isDecimal(text) ? .foraDoIntervalo : .formato, "Deve ser \(accepted).") }
        return valor
    }

    /// Reports whether the text has the form of an amount, so that only its size or sign is wrong.
    private static func isDecimal(_ text: String) -> Bool {
        let unsigned = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        let parts = unsigned.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let whole = parts.first, !whole.isEmpty, parts.allSatisfy({ $0.allSatisfy(digits.contains) }) else { return false }
        let hasLeadingZero = whole.count > 1 && whole.first == UInt8(ascii: "0")
        return !hasLeadingZero && (parts.count == 1 || (1...2).contains(parts[1].count))
    }

    private func chave(_ members: inout MemberReader<Member>) -> LancamentoRecusado.ChaveLida {
        guard members[.chave] != nil else { return .ausente }
        guard let text = members.text(.chave) else { return .deOutroTipo }
        return Chave(literal: text).map { .lida($0) } ?? .malformada
    }

    private func metadados(_ value: JSONValue?, _ faults: inout BoundedFaults) -> Metadados? {
        guard let value else { return .vazio }
        let campo = Member.metadados.rawValue
        guard case .object(let members) = value else {
            faults.report(campo, .tipoInvalido, "Deve ser um objeto de textos.")
            return nil
        }
        let itens = members.compactMap { member in member.value.text.map { Metadados.Item(nome: member.name, valor: $0) } }
        // The object's own faults go first: the limit on the number of faults must not drop them.
        if members.count > Metadados.quantidadeMaxima {
            faults.report(campo, .tamanho, "Deve ter no máximo \(Metadados.quantidadeMaxima) nomes.")
        }
        if Metadados.tamanhoEmBytes(itens) > Metadados.tamanhoMaximoEmBytes {
            let bytesMax = Metadados.tamanhoMaximoEmBytes
            faults.report(campo, .tamanho, "Nomes e textos devem somar no máximo \(bytesMax) bytes em UTF-8.")
        }
        for member in members {
            let campo = "metadados.\(BoundedFaults.truncated(member.name))"
            guard let text = member.value.text else {
                faults.report(campo, .tipoInvalido, "Deve ser um texto.")
                continue
            }
            if member.name.utf8.contains(0) || text.utf8.contains(0) {
                faults.report(campo, .caractereProibido, "Nem o nome nem o texto podem conter o caractere U+0000.")
            }
        }
        return Metadados(itens)
    }
}

/// Why an entry was refused, with its account and key where they could be read.
///
/// The caller answers in this order: key malformed or missing where required (400), account not allowed (403), then these faults (422).
package struct LancamentoRecusado: Error, Hashable, Sendable {
    package enum ChaveLida: Hashable, Sendable {
        /// Absent or `null`.
        case ausente
        case lida(Chave)
        /// A text that is not a key.
        case malformada
        /// Not a text; `erros` contains this fault.
        case deOutroTipo

        package var valor: Chave? {
            if case .lida(let chave) = self { chave } else { nil }
        }
    }

    /// The account, if it is well formed.
    package let conta: Conta?
    /// The key; absent unless the reader accepts the member.
    package let chave: ChaveLida
    /// Empty only if a malformed key is the only fault.
    package let erros: [ErroDeCampo]
}

extension LancamentoRecusado: CustomStringConvertible {
    package var description: String {
        "lançamento recusado: \(ErrosDeCampo(self.erros))\(self.chave == .malformada ? ", chave malformada" : "")"
    }
}

/// Reads the optional body of an estorno.
package struct PedidoDeEstornoReader: Sendable {
    private enum Member: String, CaseIterable {
        case data, descricao
    }

    package static let membros = Member.allCases.map(\.rawValue)

    private let ultima: Dia

    package init(janela: JanelaDeDatas) {
        self.ultima = janela.ultima
    }

    /// Returns the request, or every fault of form at once. The day is not compared with the original.
    package func read(_ json: JSONValue) throws(ErrosDeCampo) -> PedidoDeEstorno {
        guard case .object(let written) = json else {
            throw ErrosDeCampo(campo: "corpo", codigo: .tipoInvalido, mensagem: "Deve ser um objeto JSON.")
        }
        var members = MemberReader<Member>(written, accepted: Set(Member.allCases))
        let data = members.dia(.data)
        if let data, data > self.ultima {
            members.report(.data, .foraDoIntervalo, "Não pode ser depois de \(self.ultima).")
        }
        let descricao = members.text(.descricao, scalarsMax: NovoLancamento.descricaoMaximaEmEscalares)
        let faults = members.allFaults()
        guard faults.isEmpty else { throw ErrosDeCampo(faults) }
        return PedidoDeEstorno(data: data, descricao: descricao)
    }
}
