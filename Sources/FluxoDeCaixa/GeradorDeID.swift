/// Makes UUIDs of version 7 (RFC 9562, section 6.2, method 1) that strictly increase, whatever the clock does.
///
/// The 12 bits after the time are a counter: it begins at random in the lower half with each new millisecond and, when it is full, carries
/// into the time. While the clock stands still or goes back, counting continues from the latest time used, so an id may be ahead of the
/// clock. The remaining 62 bits are random.
package struct GeradorDeID: Sendable {
    private static let contadorMaximo: UInt64 = 0xFFF

    private var milissegundos: UInt64 = 0
    private var contador: UInt64 = 0
    private var comecou = false

    /// One a process: two of them do not increase together.
    package init() {}

    /// An id greater than every one before it from this generator. Moments before 1970 count as 1970.
    package mutating func proximo(agora: Instante, aleatorio: inout some RandomNumberGenerator) -> LancamentoID {
        let relogio = UInt64(max(0, agora.milissegundos))
        if !comecou || relogio > milissegundos {
            comecou = true
            milissegundos = relogio
            contador = aleatorio.next() & (GeradorDeID.contadorMaximo >> 1)
        } else if contador < GeradorDeID.contadorMaximo {
            contador += 1
        } else {
            milissegundos += 1
            contador = aleatorio.next() & (GeradorDeID.contadorMaximo >> 1)
        }
        let alto = milissegundos << 16 | 0x7000 | contador
        let baixo: UInt64 = 0b10 << 62 | aleatorio.next() >> 2
        return LancamentoID(bits: UInt128(alto) << 64 | UInt128(baixo))
    }
}
