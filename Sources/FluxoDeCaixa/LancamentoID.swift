/// The name of an entry: a UUID, of version 7 (RFC 9562) where this system made it. Ordered as the 128-bit number, as PostgreSQL orders
/// `uuid`.
package struct LancamentoID: Hashable, Comparable, Sendable {
    /// The 16 bytes as one number, the first byte the highest.
    package let bits: UInt128

    /// A UUID of any version.
    package init(bits: UInt128) {
        self.bits = bits
    }

    /// Reads 8-4-4-4-12 hexadecimal digits of either case, of any version; `nil` for anything else.
    package init?(parsing texto: some Sequence<UInt8>) {
        var alto: UInt64 = 0
        var baixo: UInt64 = 0
        var posicao = 0
        for byte in texto {
            switch posicao {
            case 8, 13, 18, 23:
                guard byte == UInt8(ascii: "-") else { return nil }
            case 0..<36:
                guard let digito = LancamentoID.digito(byte) else { return nil }
                if posicao < 18 {
                    alto = alto << 4 | digito
                } else {
                    baixo = baixo << 4 | digito
                }
            default:
                return nil
            }
            posicao += 1
        }
        guard posicao == 36 else { return nil }
        self.init(bits: UInt128(alto) << 64 | UInt128(baixo))
    }

    /// The same for text.
    package init?(parsing texto: String) {
        self.init(parsing: texto.utf8)
    }

    /// Whether it is a UUID of version 7 and of RFC 9562's variant.
    package var isVersion7: Bool {
        (bits >> 76) & 0xF == 7 && (bits >> 62) & 0b11 == 0b10
    }

    /// The moment that an id of version 7 carries in its first 48 bits.
    package var instante: Instante {
        Instante(milissegundos: Int64(bits >> 80))
    }

    package static func < (lhs: LancamentoID, rhs: LancamentoID) -> Bool {
        lhs.bits < rhs.bits
    }

    private static func digito(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

extension LancamentoID: CustomStringConvertible {
    /// 8-4-4-4-12 in lower case.
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { destino in
            var escrita = EscritaDeDigitos(destino)
            var deslocamento = 128
            while deslocamento > 0 {
                deslocamento -= 4
                escrita.hexadecimal(UInt8(truncatingIfNeeded: bits >> deslocamento) & 0xF)
                switch escrita.escritos {
                case 8, 13, 18, 23: escrita.literal("-")
                default: break
                }
            }
            return escrita.escritos
        }
    }
}
