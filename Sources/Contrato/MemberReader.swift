import FluxoDeCaixa

/// Reads the known members of a JSON object and collects every fault.
///
/// `null` equals absence, but an unknown name is refused with any value because it is probably a typo.
struct MemberReader<Membro: RawRepresentable<String> & CaseIterable & Hashable> {
    private(set) var erros = BoundedFaults()
    private var valores: [Membro: JSONValue] = [:]
    private var desconhecidos: [String] = []

    /// - Parameter aceitos: the known members.
    init(_ membros: [JSONMember], aceitos: Set<Membro>) {
        for membro in membros {
            guard let conhecido: Membro = KnownWord.read(membro.name), aceitos.contains(conhecido) else {
                self.desconhecidos.append(membro.name)
                continue
            }
            if membro.value != .null { self.valores[conhecido] = membro.value }
        }
    }

    func valor(_ membro: Membro) -> JSONValue? {
        self.valores[membro]
    }

    mutating func report(_ membro: Membro, _ codigo: ErroDeCampo.Codigo, _ mensagem: String) {
        self.erros.report(membro.rawValue, codigo, mensagem)
    }

    /// Returns a member's text; `nil` if it is absent. Another type is a fault.
    mutating func texto(_ membro: Membro, ouEntao mensagem: @autoclosure () -> String = "Deve ser um texto.") -> String? {
        switch self.valores[membro] {
        case nil: return nil
        case .string(let texto)?: return texto
        default:
            self.report(membro, .tipoInvalido, mensagem())
            return nil
        }
    }

    /// Returns a text of at most `maximoEmEscalares` Unicode scalars without U+0000.
    mutating func texto(_ membro: Membro, maximoEmEscalares: Int) -> String? {
        guard let texto = self.texto(membro) else { return nil }
        if texto.hasMoreScalars(than: maximoEmEscalares) {
            self.report(membro, .tamanho, "Deve ter no máximo \(maximoEmEscalares) caracteres.")
        }
        if texto.utf8.contains(0) {
            self.report(membro, .caractereProibido, "Não pode conter o caractere U+0000.")
        }
        return texto
    }

    /// Returns one of the words of `Palavra`.
    mutating func palavra<Palavra: RawRepresentable<String> & CaseIterable>(_ membro: Membro) -> Palavra? {
        func aceitas() -> String {
            "Valores aceitos: \(Palavra.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))."
        }
        guard let texto = self.texto(membro, ouEntao: aceitas()) else { return nil }
        guard let palavra: Palavra = KnownWord.read(texto) else {
            self.report(membro, .valorNaoAceito, aceitas())
            return nil
        }
        return palavra
    }

    /// Returns an existing day.
    mutating func dia(_ membro: Membro) -> Dia? {
        let aceita = "Deve ser uma data existente na forma AAAA-MM-DD."
        guard let texto = self.texto(membro, ouEntao: aceita) else { return nil }
        guard let dia = Dia(parsing: texto) else {
            self.report(membro, .formato, aceita)
            return nil
        }
        return dia
    }

    /// Returns every fault, those of unknown names last.
    func allFaults(adding outros: BoundedFaults = BoundedFaults()) -> [ErroDeCampo] {
        var daqueles = BoundedFaults()
        for nome in self.desconhecidos {
            daqueles.report(BoundedFaults.truncated(nome), .desconhecido, "Membro desconhecido.")
        }
        return self.erros.erros + outros.erros + daqueles.erros
    }
}

/// Recognises words by bytes: a text that is only canonically equivalent to a word is refused.
enum KnownWord {
    private static let comprimentoMaximoEmBytes = 32

    static func read<Palavra: RawRepresentable<String>>(_ texto: String) -> Palavra? {
        guard texto.utf8.count <= self.comprimentoMaximoEmBytes, texto.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        return Palavra(rawValue: texto)
    }
}

extension String {
    /// Reports whether the text has more Unicode scalars, counting only where the bytes do not decide.
    func hasMoreScalars(than maximo: Int) -> Bool {
        self.utf8.count > maximo && (self.utf8.count > 4 * maximo || self.unicodeScalars.count > maximo)
    }
}
