/// The id of an entry: a UUID, of version 7 (RFC 9562) if this system made it. Ordered as a 128-bit number, as PostgreSQL orders `uuid`.
package struct LancamentoID: Hashable, Comparable, Sendable {
    /// The 16 bytes as one big-endian number.
    package let bits: UInt128

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
                guard let digito = byte.hexadecimalValue.map(UInt64.init) else { return nil }
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

    /// The lower bound of the ids made at an instant or later. Instants before 1970 count as 1970.
    package static func lowerBound(of instante: Instante) -> LancamentoID {
        LancamentoID(bits: UInt128(max(0, instante.milissegundos)) << 80)
    }

    /// Whether it is a UUID of version 7 and of RFC 9562's variant.
    package var isVersion7: Bool {
        (self.bits >> 76) & 0xF == 7 && (self.bits >> 62) & 0b11 == 0b10
    }

    /// The instant in the first 48 bits of an id of version 7.
    package var instante: Instante {
        Instante(milissegundos: Int64(self.bits >> 80))
    }

    package static func < (lhs: LancamentoID, rhs: LancamentoID) -> Bool {
        lhs.bits < rhs.bits
    }
}

extension LancamentoID: CustomStringConvertible {
    /// 8-4-4-4-12 in lower case.
    package var description: String { self.bits.uuidText }
}

/// Makes UUIDs of version 7 (RFC 9562, section 6.2, method 1) that strictly increase, whatever the clock does.
///
/// The 12 bits after the time are a counter. Each new millisecond it starts at a random value in its lower half; when it is full it carries
/// into the time. While the clock stands still or goes back, counting continues from the latest time used, so an id may be ahead of the
/// clock. The remaining 62 bits are random.
package struct IDGenerator: Sendable {
    private static let contadorMaximo: UInt64 = 0xFFF

    private var milissegundos: UInt64 = 0
    private var contador: UInt64 = 0
    private var comecou = false

    /// Use one per process: the ids of two generators are not ordered against each other.
    package init() {}

    /// Returns an id greater than all earlier ones of this generator. Instants before 1970 count as 1970.
    package mutating func next(now: Instante, using random: inout some RandomNumberGenerator) -> LancamentoID {
        let relogio = UInt64(max(0, now.milissegundos))
        if !self.comecou || relogio > self.milissegundos {
            self.comecou = true
            self.milissegundos = relogio
            self.contador = random.next() & (IDGenerator.contadorMaximo >> 1)
        } else if self.contador < IDGenerator.contadorMaximo {
            self.contador += 1
        } else {
            self.milissegundos += 1
            self.contador = random.next() & (IDGenerator.contadorMaximo >> 1)
        }
        let alto = self.milissegundos << 16 | 0x7000 | self.contador
        let baixo: UInt64 = 0b10 << 62 | random.next() >> 2
        return LancamentoID(bits: UInt128(alto) << 64 | UInt128(baixo))
    }
}
