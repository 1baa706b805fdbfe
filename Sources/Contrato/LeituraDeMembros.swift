import FluxoDeCaixa

/// Takes a JSON object apart into the members that are known, collecting every fault on the way.
///
/// `null` equals absent, but a name that nobody knows is refused even so: it is a typo.
struct LeituraDeMembros<Membro: RawRepresentable<String> & CaseIterable & Hashable> {
    private(set) var erros = ColetaDeErros()
    private var valores: [Membro: JSONValue] = [:]
    private var desconhecidos: [String] = []

    /// Members outside `aceitos` count as unknown.
    init(_ membros: [JSONMember], aceitos: Set<Membro>) {
        for membro in membros {
            guard let conhecido: Membro = PalavraConhecida.ler(membro.name), aceitos.contains(conhecido) else {
                desconhecidos.append(membro.name)
                continue
            }
            if membro.value != .null { valores[conhecido] = membro.value }
        }
    }

    func valor(_ membro: Membro) -> JSONValue? {
        valores[membro]
    }

    mutating func acusar(_ membro: Membro, _ codigo: ErroDeCampo.Codigo, _ mensagem: String) {
        erros.acusar(membro.rawValue, codigo, mensagem)
    }

    /// A member's text; `nil` if absent, or not a text, which is a fault.
    mutating func texto(_ membro: Membro, ouEntao mensagem: @autoclosure () -> String = "Deve ser um texto.") -> String? {
        switch valores[membro] {
        case nil: return nil
        case .string(let texto)?: return texto
        default:
            acusar(membro, .tipoInvalido, mensagem())
            return nil
        }
    }

    /// A text of at most so many Unicode scalars, without U+0000.
    mutating func texto(_ membro: Membro, maximoEmEscalares: Int) -> String? {
        guard let texto = texto(membro) else { return nil }
        if texto.temMaisEscalaresQue(maximoEmEscalares) {
            acusar(membro, .tamanho, "Deve ter no máximo \(maximoEmEscalares) caracteres.")
        }
        if texto.utf8.contains(0) {
            acusar(membro, .caractereProibido, "Não pode conter o caractere U+0000.")
        }
        return texto
    }

    /// One of the words of `Palavra`.
    mutating func palavra<Palavra: RawRepresentable<String> & CaseIterable>(_ membro: Membro) -> Palavra? {
        func aceitas() -> String {
            "Valores aceitos: \(Palavra.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))."
        }
        guard let texto = texto(membro, ouEntao: aceitas()) else { return nil }
        guard let palavra: Palavra = PalavraConhecida.ler(texto) else {
            acusar(membro, .valorNaoAceito, aceitas())
            return nil
        }
        return palavra
    }

    /// An existing day.
    mutating func dia(_ membro: Membro) -> Dia? {
        let aceita = "Deve ser uma data existente na forma AAAA-MM-DD."
        guard let texto = texto(membro, ouEntao: aceita) else { return nil }
        guard let dia = Dia(parsing: texto) else {
            acusar(membro, .formato, aceita)
            return nil
        }
        return dia
    }

    /// Every fault, those of unknown names last.
    func todosOsErros(acrescentando outros: ColetaDeErros = ColetaDeErros()) -> [ErroDeCampo] {
        var daqueles = ColetaDeErros()
        for nome in desconhecidos {
            daqueles.acusar(ColetaDeErros.abreviado(nome), .desconhecido, "Membro desconhecido.")
        }
        return erros.erros + outros.erros + daqueles.erros
    }
}

/// Recognises words by bytes: a text that is only canonically equivalent to one is another text.
enum PalavraConhecida {
    private static let comprimentoMaximoEmBytes = 32

    static func ler<Palavra: RawRepresentable<String>>(_ texto: String) -> Palavra? {
        guard texto.utf8.count <= comprimentoMaximoEmBytes, texto.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        return Palavra(rawValue: texto)
    }
}

extension String {
    /// Counts no further than it must.
    func temMaisEscalaresQue(_ maximo: Int) -> Bool {
        utf8.count > maximo && (utf8.count > 4 * maximo || unicodeScalars.count > maximo)
    }
}
