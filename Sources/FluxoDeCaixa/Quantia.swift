/// A sum of money in centavos: a total or a balance, of any sign.
///
/// It has 128 bits because 9.2 million entries of the largest amount overflow 64. An overflow of 128 bits takes more than 10^26 entries.
package struct Quantia: Hashable, Comparable, Sendable {
    package static let zero = Quantia(centavos: 0)

    /// Negative if debits exceed credits.
    package let centavos: Int128

    package init(centavos: Int128) {
        self.centavos = centavos
    }

    /// The amount of one entry, as a credit.
    package init(_ valor: Valor) {
        self.init(centavos: Int128(valor.centavos))
    }

    package static func + (lhs: Quantia, rhs: Quantia) -> Quantia {
        Quantia(centavos: lhs.centavos + rhs.centavos)
    }

    package static func - (lhs: Quantia, rhs: Quantia) -> Quantia {
        Quantia(centavos: lhs.centavos - rhs.centavos)
    }

    package static func += (lhs: inout Quantia, rhs: Quantia) {
        lhs = lhs + rhs
    }

    package static func -= (lhs: inout Quantia, rhs: Quantia) {
        lhs = lhs - rhs
    }

    package static func < (lhs: Quantia, rhs: Quantia) -> Bool {
        lhs.centavos < rhs.centavos
    }
}

extension Quantia: CustomStringConvertible {
    /// Reais with two decimals: `-12.30`, `0.00`, never `-0.00`.
    package var description: String {
        // 128-bit division is a library call; nearly every amount fits in 64 bits.
        if let pequeno = UInt64(exactly: self.centavos.magnitude) {
            return Quantia.texto(negativo: self.centavos < 0, reais: pequeno / 100, centavos: Int(pequeno % 100))
        }
        let modulo = self.centavos.magnitude
        return Quantia.texto(negativo: self.centavos < 0, reais: modulo / 100, centavos: Int(modulo % 100))
    }

    private static func texto(negativo: Bool, reais: some BinaryInteger, centavos: Int) -> String {
        "\(negativo ? "-" : "")\(reais).\(centavos < 10 ? "0" : "")\(centavos)"
    }
}
