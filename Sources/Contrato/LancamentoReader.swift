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

    private enum Membro: String, CaseIterable {
        case conta, tipo, valor, data, moeda, natureza, descricao, categoria, referencia, metadados, chave
    }

    private enum Moeda: String, CaseIterable {
        case real = "BRL"
    }

    /// The known members in the order of the documents.
    package static func membros(_ chave: ChaveMember) -> [String] {
        Membro.allCases.filter { $0 != .chave || chave == .accepted }.map(\.rawValue)
    }

    private let janela: JanelaDeDatas
    private let aceitos: Set<Membro>

    /// Create one reader per request: the window moves at midnight.
    package init(janela: JanelaDeDatas, chave: ChaveMember) {
        self.janela = janela
        self.aceitos = chave == .accepted ? Set(Membro.allCases) : Set(Membro.allCases).subtracting([.chave])
    }

    /// Returns the entry, or every fault at once.
    /// - Parameter dataPadrao: the day of an entry without `data`, checked against the same window. It does not become part of the entry.
    package func read(_ json: JSONValue, dataPadrao: Dia? = nil) -> Result<NovoLancamento, LancamentoRecusado> {
        guard case .object(let membros) = json else {
            let erro = ErroDeCampo(campo: "corpo", codigo: .tipoInvalido, mensagem: "Deve ser um objeto JSON.")
            return .failure(LancamentoRecusado(conta: nil, chave: .ausente, erros: [erro]))
        }
        var leitura = MemberReader<Membro>(membros, aceitos: self.aceitos)
        let conta = self.conta(&leitura)
        let tipo: Tipo? = self.obrigatorio(leitura.palavra(.tipo), .tipo, "\"credito\" ou \"debito\"", &leitura)
        let valor = self.valor(&leitura)
        let data = leitura.dia(.data)
        if let dia = leitura.valor(.data) == nil ? dataPadrao : data, !self.janela.aceita(dia) {
            leitura.report(.data, .foraDoIntervalo, "Deve estar no intervalo \(self.janela).")
        }
        let _: Moeda? = leitura.palavra(.moeda)
        let natureza: Natureza? = leitura.palavra(.natureza)
        let descricao = leitura.texto(.descricao, maximoEmEscalares: NovoLancamento.descricaoMaximaEmEscalares)
        let categoria = leitura.texto(.categoria, maximoEmEscalares: NovoLancamento.categoriaMaximaEmEscalares)
        let referencia = leitura.texto(.referencia, maximoEmEscalares: NovoLancamento.referenciaMaximaEmEscalares)
        var errosDosMetadados = BoundedFaults()
        let metadados = self.metadados(leitura.valor(.metadados), &errosDosMetadados)
        let chave = self.chave(&leitura)

        let erros = leitura.allFaults(adding: errosDosMetadados)
        guard erros.isEmpty, chave != .malformada, let conta, let tipo, let valor, let metadados else {
            return .failure(LancamentoRecusado(conta: conta, chave: chave, erros: erros))
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
    private func obrigatorio<Valor>(_ valor: Valor?, _ membro: Membro, _ aceito: String, _ leitura: inout MemberReader<Membro>)
        -> Valor?
    {
        if leitura.valor(membro) == nil {
            leitura.report(membro, .obrigatorio, "Obrigatório: \(aceito).")
        }
        return valor
    }

    private func conta(_ leitura: inout MemberReader<Membro>) -> Conta? {
        let aceita = "letras de A a Z sem acento, algarismos, \"_\" e \"-\", em segmentos separados por um ponto, de 1 a 64 caracteres"
        guard let nome = self.obrigatorio(leitura.texto(.conta), .conta, aceita, &leitura) else { return nil }
        guard let conta = Conta(nome) else {
            leitura.report(.conta, .formato, "Deve ter \(aceita); um segmento não começa com \"-\".")
            return nil
        }
        return conta
    }

    private func valor(_ leitura: inout MemberReader<Membro>) -> Valor? {
        let aceito = "de 0.01 a 9999999999.99, com ponto e no máximo duas casas decimais, como \"150.75\""
        let texto: String
        switch leitura.valor(.valor) {
        case .string(let escrito)?, .number(let escrito)?:
            texto = escrito
        case nil:
            leitura.report(.valor, .obrigatorio, "Obrigatório: \(aceito).")
            return nil
        default:
            leitura.report(.valor, .tipoInvalido, "Deve ser um texto ou número \(aceito).")
            return nil
        }
        guard let valor = Valor(parsing: texto) else {
            let codigo: ErroDeCampo.Codigo = LancamentoReader.eDecimal(texto) ? .foraDoIntervalo : .formato
            leitura.report(.valor, codigo, "Deve ser \(aceito).")
            return nil
        }
        return valor
    }

    /// Reports whether the text has the form of an amount, so that only its size or sign is wrong.
    private static func eDecimal(_ texto: String) -> Bool {
        let semSinal = texto.utf8.first == UInt8(ascii: "-") ? texto.utf8.dropFirst() : texto.utf8[...]
        let partes = semSinal.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let algarismos = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let inteiros = partes.first, !inteiros.isEmpty, partes.allSatisfy({ $0.allSatisfy(algarismos.contains) }) else {
            return false
        }
        let zeroNaFrente = inteiros.count > 1 && inteiros.first == UInt8(ascii: "0")
        return !zeroNaFrente && (partes.count == 1 || (1...2).contains(partes[1].count))
    }

    private func chave(_ leitura: inout MemberReader<Membro>) -> LancamentoRecusado.ChaveLida {
        guard leitura.valor(.chave) != nil else { return .ausente }
        guard let texto = leitura.texto(.chave) else { return .deOutroTipo }
        return Chave(literal: texto).map { .lida($0) } ?? .malformada
    }

    private func metadados(_ valor: JSONValue?, _ erros: inout BoundedFaults) -> Metadados? {
        guard let valor else { return .vazio }
        guard case .object(let membros) = valor else {
            erros.report(Membro.metadados.rawValue, .tipoInvalido, "Deve ser um objeto de textos.")
            return nil
        }
        let itens = membros.compactMap { membro in
            if case .string(let texto) = membro.value { Metadados.Item(nome: membro.name, valor: texto) } else { nil }
        }
        // The object's own faults go first: the limit on the number of faults must not drop them.
        if membros.count > Metadados.quantidadeMaxima {
            erros.report(Membro.metadados.rawValue, .tamanho, "Deve ter no máximo \(Metadados.quantidadeMaxima) nomes.")
        }
        if Metadados.tamanhoEmBytes(itens) > Metadados.tamanhoMaximoEmBytes {
            let maximo = Metadados.tamanhoMaximoEmBytes
            erros.report(Membro.metadados.rawValue, .tamanho, "Nomes e textos devem somar no máximo \(maximo) bytes em UTF-8.")
        }
        for membro in membros {
            let campo = "metadados.\(BoundedFaults.truncated(membro.name))"
            guard case .string(let texto) = membro.value else {
                erros.report(campo, .tipoInvalido, "Deve ser um texto.")
                continue
            }
            if membro.name.utf8.contains(0) || texto.utf8.contains(0) {
                erros.report(campo, .caractereProibido, "Nem o nome nem o texto podem conter o caractere U+0000.")
            }
        }
        return Metadados(itens)
    }
}

/// Why an entry was refused, with its account and key where they could be read.
///
/// The caller answers in this order: key malformed or missing where required (400), account not allowed (403), then these faults (422).
package struct LancamentoRecusado: Error, Hashable, Sendable {
    /// The member `chave`.
    package enum ChaveLida: Hashable, Sendable {
        /// Absent or `null`.
        case ausente
        case lida(Chave)
        /// A text that is not a key.
        case malformada
        /// Not a text; `erros` contains this fault.
        case deOutroTipo

        /// The key, if it is valid.
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

    package init(conta: Conta?, chave: ChaveLida, erros: [ErroDeCampo]) {
        self.conta = conta
        self.chave = chave
        self.erros = erros
    }
}

extension LancamentoRecusado: CustomStringConvertible {
    package var description: String {
        "lançamento recusado: \(ErrosDeCampo(self.erros))\(self.chave == .malformada ? ", chave malformada" : "")"
    }
}

/// Reads the optional body of an estorno.
package struct PedidoDeEstornoReader: Sendable {
    private enum Membro: String, CaseIterable {
        case data, descricao
    }

    /// The known members.
    package static let membros = Membro.allCases.map(\.rawValue)

    private let ultima: Dia

    /// - Parameter janela: the window of the day of the request.
    package init(janela: JanelaDeDatas) {
        self.ultima = janela.ultima
    }

    /// Returns the request, or every fault of form at once. The day is not compared with the original.
    package func read(_ json: JSONValue) throws(ErrosDeCampo) -> PedidoDeEstorno {
        guard case .object(let membros) = json else {
            throw ErrosDeCampo(campo: "corpo", codigo: .tipoInvalido, mensagem: "Deve ser um objeto JSON.")
        }
        var leitura = MemberReader<Membro>(membros, aceitos: Set(Membro.allCases))
        let data = leitura.dia(.data)
        if let data, data > self.ultima {
            leitura.report(.data, .foraDoIntervalo, "Não pode ser depois de \(self.ultima).")
        }
        let descricao = leitura.texto(.descricao, maximoEmEscalares: NovoLancamento.descricaoMaximaEmEscalares)
        let erros = leitura.allFaults()
        guard erros.isEmpty else { throw ErrosDeCampo(erros) }
        return PedidoDeEstorno(data: data, descricao: descricao)
    }
}
