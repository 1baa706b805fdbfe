/// The name of an account: segments `[A-Za-z0-9_][A-Za-z0-9_-]*` joined by single dots, 1–64 characters in all.
///
/// Case counts. The dots make a hierarchy (`loja42.caixa`, `loja42.pix`) that ``FiltroDeConta`` selects from.
package struct Conta: Hashable, Sendable {
    /// Dots included.
    package static let comprimentoMaximoEmCaracteres = 64

    /// ASCII.
    package let nome: String

    /// `nil` if the name has another form.
    package init?(_ nome: String) {
        guard Conta.formaValida(nome.utf8) else { return nil }
        self.nome = nome
    }

    static func formaValida(_ bytes: some Collection<UInt8>) -> Bool {
        var comprimento = 0
        var inicioDeSegmento = true
        for byte in bytes {
            comprimento += 1
            guard comprimento <= self.comprimentoMaximoEmCaracteres else { return false }
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                inicioDeSegmento = false
            case UInt8(ascii: "-") where !inicioDeSegmento:
                continue
            case UInt8(ascii: ".") where !inicioDeSegmento:
                inicioDeSegmento = true
            default:
                return false
            }
        }
        return !inicioDeSegmento
    }
}

extension Conta: Comparable {
    /// By bytes, as the databases order accounts (`collate "C"`). Names are ASCII, for which Swift's order is the same.
    package static func < (lhs: Conta, rhs: Conta) -> Bool {
        lhs.nome < rhs.nome
    }
}

extension Conta: CustomStringConvertible {
    package var description: String { self.nome }
}
