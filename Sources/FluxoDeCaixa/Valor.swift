/// The amount of one entry: whole centavos, always positive. The sign of an entry is its ``Tipo``.
package struct Valor: Hashable, Comparable, Sendable {
    /// The largest amount one entry may have: R$ 9.999.999.999,99.
    package static let maximoEmCentavos: Int64 = 999_999_999_999

    /// 1…``maximoEmCentavos``.
    package let centavos: Int64

    /// `nil` outside 1…``maximoEmCentavos``.
    package init?(centavos: Int64) {
        guard centavos >= 1, centavos <= Valor.maximoEmCentavos else { return nil }
        self.centavos = centavos
    }

    /// Reads ASCII text of the exact form `(0|[1-9][0-9]{0,9})(\.[0-9]{1,2})?`, more than zero; `nil` for anything else.
    ///
    /// The digits are read as centavos without binary floating point, so nothing is rounded.
    package init?(parsing texto: some Sequence<UInt8>) {
        var centavos: Int64 = 0
        var inteiros = 0
        var decimais: Int?
        for byte in texto {
            if byte == UInt8(ascii: "."), decimais == nil, inteiros > 0 {
                decimais = 0
                continue
            }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            if let lidos = decimais {
                guard lidos < 2 else { return nil }
                decimais = lidos + 1
            } else {
                let zeroNaFrente = inteiros == 1 && centavos == 0
                guard inteiros < 10, !zeroNaFrente else { return nil }
                inteiros += 1
            }
            centavos = centavos * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        switch decimais {
        case nil where inteiros > 0: centavos *= 100
        case 1: centavos *= 10
        case 2: break
        default: return nil
        }
        self.init(centavos: centavos)
    }

    /// The same for text. Digits outside ASCII are refused like any other character.
    package init?(parsing texto: String) {
        self.init(parsing: texto.utf8)
    }

    package static func < (lhs: Valor, rhs: Valor) -> Bool {
        lhs.centavos < rhs.centavos
    }
}

extension Valor: CustomStringConvertible {
    /// Reais with two decimals: `150.75`.
    package var description: String {
        Quantia(self).description
    }
}
