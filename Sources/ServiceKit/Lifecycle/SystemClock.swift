package import FluxoDeCaixa
import Foundation

/// The wall clock, at the edge of the program: everything inside is given its time.
package enum SystemClock {
    /// Now, in whole milliseconds since 1970 UTC.
    package static func agora() -> Instante {
        // The seconds of this century have 31 bits, so a Double keeps them to a fraction of a microsecond.
        Instante(milissegundos: Int64(Date().timeIntervalSince1970 * 1000))
    }
}
