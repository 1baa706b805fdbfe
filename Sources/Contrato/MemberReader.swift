import FluxoDeCaixa

/// Reads the known members of a JSON object and collects every fault.
///
/// `null` equals absence, but an unknown name is refused with any value because it is probably a typo.
struct MemberReader<Member: RawRepresentable<String> & CaseIterable & Hashable> {
    private(set) var faults = BoundedFaults()
    private var values: [Member: JSONValue] = [:]
    private var unknown: [String] = []

    init(_ members: [JSONMember], accepted: Set<Member>) {
        for member in members {
            guard let known: Member = KnownWord.read(member.name), accepted.contains(known) else {
                self.unknown.append(member.name)
                continue
            }
            if member.value != .null { self.values[known] = member.value }
        }
    }

    subscript(member: Member) -> JSONValue? { self.values[member] }

    mutating func report(_ member: Member, _ codigo: ErroDeCampo.Codigo, _ mensagem: String) {
        self.faults.report(member.rawValue, codigo, mensagem)
    }

    /// Returns a member's text; `nil` if it is absent. Another type is a fault.
    mutating func text(_ member: Member, otherwise message: @autoclosure () -> String = "Deve ser um texto.") -> String? {
        switch self.values[member] {
        case nil: return nil
        case .string(let text)?: return text
        default:
            self.report(member, .tipoInvalido, message())
            return nil
        }
    }

    /// Returns a text of at most `scalarsMax` Unicode scalars without U+0000.
    mutating func text(_ member: Member, scalarsMax: Int) -> String? {
        guard let text = self.text(member) else { return nil }
        if text.hasMoreScalars(than: scalarsMax) {
            self.report(member, .tamanho, "Deve ter no máximo \(scalarsMax) caracteres.")
        }
        if text.utf8.contains(0) {
            self.report(member, .caractereProibido, "Não pode conter o caractere U+0000.")
        }
        return text
    }

    /// Returns one of the words of `Word`.
    mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ member: Member) -> Word? {
        guard let text = self.text(member, otherwise: KnownWord.accepted(Word.self)) else { return nil }
        let word: Word? = KnownWord.read(text)
        if word == nil { self.report(member, .valorNaoAceito, KnownWord.accepted(Word.self)) }
        return word
    }

    /// Returns an existing day.
    mutating func dia(_ member: Member) -> Dia? {
        let accepted = "Deve ser uma data existente na forma AAAA-MM-DD."
        guard let text = self.text(member, otherwise: accepted) else { return nil }
        let dia = Dia(parsing: text)
        if dia == nil { self.report(member, .formato, accepted) }
        return dia
    }

    /// Returns every fault, those of unknown names last.
    func allFaults(adding others: BoundedFaults = BoundedFaults()) -> [ErroDeCampo] {
        var ofUnknown = BoundedFaults()
        for name in self.unknown {
            ofUnknown.report(BoundedFaults.truncated(name), .desconhecido, "Membro desconhecido.")
        }
        return self.faults.erros + others.erros + ofUnknown.erros
    }
}

/// Recognises words by bytes: a text that is only canonically equivalent to a word is refused.
enum KnownWord {
    private static let bytesMax = 32

    static func read<Word: RawRepresentable<String>>(_ text: String) -> Word? {
        guard text.utf8.count <= self.bytesMax, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        return Word(rawValue: text)
    }

    /// The message that lists the words.
    static func accepted<Word: RawRepresentable<String> & CaseIterable>(_ words: Word.Type) -> String {
        "Valores aceitos: \(words.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))."
    }
}

extension String {
    /// Reports whether the text has more Unicode scalars, counting only where the bytes do not decide.
    func hasMoreScalars(than limit: Int) -> Bool {
        self.utf8.count > limit && (self.utf8.count > 4 * limit || self.unicodeScalars.count > limit)
    }
}
