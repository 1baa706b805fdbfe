/// What entries moved, in groups.
package struct TotaisDeLancamentos: Hashable, Sendable {
    /// By what entries are grouped.
    package enum Agrupamento: String, CaseIterable, Sendable {
        case categoria, natureza, tipo, conta
        case dia
        /// The week from Monday (ISO 8601), as the date of that Monday.
        case semana
        /// `AAAA-MM`.
        case mes

        /// The most at once.
        package static let quantidadeMaxima = 2
    }

    package struct Soma: Hashable, Sendable {
        package var totalCreditos: Quantia
        package var totalDebitos: Quantia
        package var quantidadeCreditos: Int64
        package var quantidadeDebitos: Int64

        package static let zero = Soma(totalCreditos: .zero, totalDebitos: .zero, quantidadeCreditos: 0, quantidadeDebitos: 0)

        package init(totalCreditos: Quantia, totalDebitos: Quantia, quantidadeCreditos: Int64, quantidadeDebitos: Int64) {
            self.totalCreditos = totalCreditos
            self.totalDebitos = totalDebitos
            self.quantidadeCreditos = quantidadeCreditos
            self.quantidadeDebitos = quantidadeDebitos
        }

        package var saldo: Quantia { self.totalCreditos - self.totalDebitos }

        package static func += (lhs: inout Soma, rhs: Soma) {
            lhs.totalCreditos += rhs.totalCreditos
            lhs.totalDebitos += rhs.totalDebitos
            lhs.quantidadeCreditos += rhs.quantidadeCreditos
            lhs.quantidadeDebitos += rhs.quantidadeDebitos
        }
    }

    package struct Grupo: Hashable, Sendable {
        /// One for each ``Agrupamento``, in their order; nil: entries without a category.
        package var valores: [String?]
        package var soma: Soma

        package init(valores: [String?], soma: Soma) {
            self.valores = valores
            self.soma = soma
        }
    }

    package var por: [Agrupamento]
    /// Ordered by their values, byte by byte; nil is the last.
    package var grupos: [Grupo]

    package init(por: [Agrupamento], grupos: [Grupo]) {
        self.por = por
        self.grupos = grupos
    }

    /// All groups together.
    package var soma: Soma { self.grupos.reduce(into: .zero) { $0 += $1.soma } }
}
