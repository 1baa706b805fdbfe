package import FluxoDeCaixa

/// Reads an entry as callers send it: one REST body, one line of a lote, one command.
package struct LancamentoReader: Sendable {
    /// What the member `chave` means: a lote has its keys inside, elsewhere they come beside the body.
    package enum MembroChave: Sendable {
        /// It is unknown, like any other name.
        case recusado
        /// It is the idempotency key, taken literally.
        case aceito
    }

    private enum Membro: String, CaseIterable {
        case conta, tipo, valor, data, moeda, natureza, descricao, categoria, referencia, metadados, chave
    }

    private enum Moeda: String, CaseIterable {
        case real = "BRL"
    }

    /// Every member that is read, in the order of the documents.
    package static func membros(_ chave: MembroChave) -> [String] {
        Membro.allCases.filter { $0 != .chave || chave == .aceito }.map(\.rawValue)
    }

    private let janela: JanelaDeDatas
    private let aceitos: Set<Membro>

    /// For one sender's day: make one a request, since the window moves at midnight.
    package init(janela: JanelaDeDatas, chave: MembroChave) {
        self.janela = janela
        self.aceitos = chave == .aceito ? Set(Membro.allCases) : Set(Membro.allCases).subtracting([.chave])
    }

    /// The entry, or every fault at once.
    /// - Parameter dataPadrao: the day that will count where none is sent, under the same window. It does not become part of what was sent.
    package func read(_ json: JSONValue, dataPadrao: Dia? = nil) -> Result<NovoLancamento, LancamentoRecusado> {
        guard case .object(let membros) = json else {
            let erro = ErroDeCampo(campo: "corpo", codigo: .tipoInvalido, mensagem: "Deve ser um objeto JSON.")
            return .failure(LancamentoRecusado(conta: nil, chave: .ausente, erros: [erro]))
        }
        var leitura = LeituraDeMembros<Membro>(membros, aceitos: aceitos)
        let conta = conta(&leitura)
        let tipo: Tipo? = obrigatorio(leitura.palavra(.tipo), .tipo, "\"credito\" ou \"debito\"", &leitura)
        let valor = valor(&leitura)
        let data = leitura.dia(.data)
        if let dia = leitura.valor(.data) == nil ? dataPadrao : data, !janela.aceita(dia) {
            leitura.acusar(.data, .foraDoIntervalo, "Deve estar no intervalo \(janela).")
        }
        let _: Moeda? = leitura.palavra(.moeda)
        let natureza: Natureza? = leitura.palavra(.natureza)
        let descricao = leitura.texto(.descricao, maximoEmEscalares: NovoLancamento.descricaoMaximaEmEscalares)
        let categoria = leitura.texto(.categoria, maximoEmEscalares: NovoLancamento.categoriaMaximaEmEscalares)
        let referencia = leitura.texto(.referencia, maximoEmEscalares: NovoLancamento.referenciaMaximaEmEscalares)
        var errosDosMetadados = ColetaDeErros()
        let metadados = metadados(leitura.valor(.metadados), &errosDosMetadados)
        let chave = chave(&leitura)

        let erros = leitura.todosOsErros(acrescentando: errosDosMetadados)
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

    /// Accuses the absence of a member; a value that was refused has been accused already.
    private func obrigatorio<Valor>(_ valor: Valor?, _ membro: Membro, _ aceito: String, _ leitura: inout LeituraDeMembros<Membro>)
        -> Valor?
    {
        if leitura.valor(membro) == nil {
            leitura.acusar(membro, .obrigatorio, "Obrigatório: \(aceito).")
        }
        return valor
    }

    private func conta(_ leitura: inout LeituraDeMembros<Membro>) -> Conta? {
        let aceita = "letras de A a Z sem acento, algarismos, \"_\" e \"-\", em segmentos separados por um ponto, de 1 a 64 caracteres"
        guard let nome = obrigatorio(leitura.texto(.conta), .conta, aceita, &leitura) else { return nil }
        guard let conta = Conta(nome) else {
            leitura.acusar(.conta, .formato, "Deve ter \(aceita); um segmento não começa com \"-\".")
            return nil
        }
        return conta
    }

    private func valor(_ leitura: inout LeituraDeMembros<Membro>) -> Valor? {
        let aceito = "de 0.01 a 9999999999.99, com ponto e no máximo duas casas decimais, como \"150.75\""
        let texto: String
        switch leitura.valor(.valor) {
        case .string(let escrito)?, .number(let escrito)?:
            texto = escrito
        case nil:
            leitura.acusar(.valor, .obrigatorio, "Obrigatório: \(aceito).")
            return nil
        default:
            leitura.acusar(.valor, .tipoInvalido, "Deve ser um texto ou número \(aceito).")
            return nil
        }
        guard let valor = Valor(parsing: texto) else {
            let codigo: ErroDeCampo.Codigo = LancamentoReader.eDecimal(texto) ? .foraDoIntervalo : .formato
            leitura.acusar(.valor, codigo, "Deve ser \(aceito).")
            return nil
        }
        return valor
    }

    /// Whether it is written as an amount would be, so that only its size or sign is wrong.
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

    private func chave(_ leitura: inout LeituraDeMembros<Membro>) -> LancamentoRecusado.ChaveLida {
        guard leitura.valor(.chave) != nil else { return .ausente }
        guard let texto = leitura.texto(.chave) else { return .deOutroTipo }
        return Chave(literal: texto).map { .lida($0) } ?? .malformada
    }

    private func metadados(_ valor: JSONValue?, _ erros: inout ColetaDeErros) -> Metadados? {
        guard let valor else { return .vazio }
        guard case .object(let membros) = valor else {
            erros.acusar(Membro.metadados.rawValue, .tipoInvalido, "Deve ser um objeto de textos.")
            return nil
        }
        let itens = membros.compactMap { membro in
            if case .string(let texto) = membro.value { Metadados.Item(nome: membro.name, valor: texto) } else { nil }
        }
        // The object's own faults go first, so that those of its members, however many, cannot push them out.
        if membros.count > Metadados.quantidadeMaxima {
            erros.acusar(Membro.metadados.rawValue, .tamanho, "Deve ter no máximo \(Metadados.quantidadeMaxima) nomes.")
        }
        if Metadados.tamanhoEmBytes(itens) > Metadados.tamanhoMaximoEmBytes {
            let maximo = Metadados.tamanhoMaximoEmBytes
            erros.acusar(Membro.metadados.rawValue, .tamanho, "Nomes e textos devem somar no máximo \(maximo) bytes em UTF-8.")
        }
        for membro in membros {
            let campo = "metadados.\(ColetaDeErros.abreviado(membro.name))"
            guard case .string(let texto) = membro.value else {
                erros.acusar(campo, .tipoInvalido, "Deve ser um texto.")
                continue
            }
            if membro.name.utf8.contains(0) || texto.utf8.contains(0) {
                erros.acusar(campo, .caractereProibido, "Nem o nome nem o texto podem conter o caractere U+0000.")
            }
        }
        return Metadados(itens)
    }
}
