/// Writes fixed-width ASCII into the storage of a string being made.
struct EscritaDeDigitos {
    private let destino: UnsafeMutableBufferPointer<UInt8>
    private(set) var escritos = 0

    init(_ destino: UnsafeMutableBufferPointer<UInt8>) {
        self.destino = destino
    }

    mutating func literal(_ caractere: Unicode.Scalar) {
        destino[escritos] = UInt8(ascii: caractere)
        escritos += 1
    }

    /// The number's lowest decimal digits, zeros in front.
    mutating func numero(_ numero: Int, digitos: Int) {
        var resto = numero
        for posicao in (escritos..<escritos + digitos).reversed() {
            destino[posicao] = UInt8(ascii: "0") + UInt8(resto % 10)
            resto /= 10
        }
        escritos += digitos
    }

    /// The four bits as one lower-case hexadecimal digit.
    mutating func hexadecimal(_ quatroBits: UInt8) {
        destino[escritos] = quatroBits < 10 ? UInt8(ascii: "0") + quatroBits : UInt8(ascii: "a") + quatroBits - 10
        escritos += 1
    }
}
