/// A minute of UTC, 1970…9999. An entry belongs to the minute of its id, which is that of its registration.
package struct Minuto: Hashable, Comparable, Sendable {
    /// 1970-01-01T00:00Z.
    package static let primeiro = Minuto(semConferir: 0)

    private static let milissegundos: Int64 = 60_000
    private static let ultimo: Int64 = 4_223_371_679

    /// Minutes since 1970-01-01T00:00Z.
    package let desde1970: Int64

    private init(semConferir desde1970: Int64) {
        self.desde1970 = desde1970
    }

    /// `nil` outside 1970…9999.
    package init?(desde1970: Int64) {
        guard (0...Minuto.ultimo).contains(desde1970) else { return nil }
        self.init(semConferir: desde1970)
    }

    /// The minute of an instant. Instants before 1970 count as 1970.
    package init(_ instante: Instante) {
        self.init(semConferir: max(0, instante.milissegundos / Minuto.milissegundos))
    }

    /// Its first instant.
    package var instante: Instante { Instante(milissegundos: self.desde1970 * Minuto.milissegundos) }

    /// The lower bound of the ids made in this minute or later.
    package var primeiroID: LancamentoID { .lowerBound(of: self.instante) }

    /// The minute so many minutes later, or earlier if negative; the first or the last one beyond them.
    package func somando(_ minutos: Int64) -> Minuto {
        Minuto(semConferir: min(max(0, self.desde1970 + minutos), Minuto.ultimo))
    }

    package static func < (lhs: Minuto, rhs: Minuto) -> Bool {
        lhs.desde1970 < rhs.desde1970
    }
}

extension Minuto: CustomStringConvertible {
    /// Its first instant, RFC 3339.
    package var description: String { self.instante.description }
}

/// Number and sums of some entries.
package struct Contagem: Hashable, Sendable {
    package static let zero = Contagem(quantidade: 0, creditos: .zero, debitos: .zero)

    package let quantidade: Int64
    package let creditos: Quantia
    package let debitos: Quantia

    package init(quantidade: Int64, creditos: Quantia, debitos: Quantia) {
        self.quantidade = quantidade
        self.creditos = creditos
        self.debitos = debitos
    }

    /// Credits less debits.
    package var saldo: Quantia { self.creditos - self.debitos }
}

/// The entries of a period, counted by the minute of their registration.
package struct ContagemPorMinuto: Hashable, Sendable {
    /// The entries of one minute.
    package struct Item: Hashable, Sendable {
        package let minuto: Minuto
        package let contagem: Contagem

        package init(minuto: Minuto, contagem: Contagem) {
            self.minuto = minuto
            self.contagem = contagem
        }
    }

    package let periodo: Range<Minuto>
    /// The minutes with entries, in order; the others of the period have none.
    package let itens: [Item]

    package init(periodo: Range<Minuto>, itens: [Item]) {
        self.periodo = periodo
        self.itens = itens
    }

    /// What was counted of the first `linhasMax` entries of a period, at most `minutosMax` minutes: the period ends before the first minute
    /// that is not whole.
    /// - Returns: nil if not even the first minute is whole.
    package init?(lidos itens: [Item], de periodo: Range<Minuto>, linhasMax: Int64, minutosMax: Int) {
        var inteiros = itens[...]
        var fim = periodo.upperBound
        if itens.reduce(0, { $0 + $1.contagem.quantidade }) >= linhasMax, let cortado = inteiros.popLast() { fim = cortado.minuto }
        if inteiros.count > minutosMax {
            fim = inteiros[inteiros.startIndex + minutosMax].minuto
            inteiros = inteiros.prefix(minutosMax)
        }
        guard fim > periodo.lowerBound else { return nil }
        self.init(periodo: periodo.lowerBound..<fim, itens: Array(inteiros))
    }
}
