extension String {
    /// Reports whether both texts have the same UTF-8 bytes. Swift's `==` also holds for texts that are only canonically equivalent.
    package func hasSameBytes(as outro: String) -> Bool {
        // The lengths are stored, and differ for nearly all texts that differ.
        self.utf8.count == outro.utf8.count && self.utf8.elementsEqual(outro.utf8)
    }
}

extension String? {
    /// The same for an optional text: nil equals only nil.
    package func hasSameBytes(as outro: String?) -> Bool {
        switch (self, outro) {
        case (nil, nil): true
        case (let este?, let outro?): este.hasSameBytes(as: outro)
        default: false
        }
    }
}

extension BidirectionalCollection<UInt8> {
    /// Without spaces and tabs at both ends (RFC 9110, section 5.6.3).
    package var trimmed: SubSequence {
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var rest = self.drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest = rest.dropLast() }
        return rest
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit of either case in ASCII; nil for anything else.
    package var hexadecimalValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension UInt128 {
    /// The UUID of these bits: hexadecimal digits 8-4-4-4-12 in lower case.
    package var uuidText: String {
        String(unsafeUninitializedCapacity: 36) { destination in
            var writer = DigitWriter(destination)
            let (high, low) = (UInt64(truncatingIfNeeded: self >> 64), UInt64(truncatingIfNeeded: self))
            writer.hexadecimal(high >> 32, digits: 8)
            writer.literal("-")
            writer.hexadecimal(high >> 16, digits: 4)
            writer.literal("-")
            writer.hexadecimal(high, digits: 4)
            writer.literal("-")
            writer.hexadecimal(low >> 48, digits: 4)
            writer.literal("-")
            writer.hexadecimal(low, digits: 12)
            return writer.written
        }
    }
}

/// Writes fixed-width ASCII into the storage of a new string.
package struct DigitWriter {
    private let destination: UnsafeMutableBufferPointer<UInt8>
    package private(set) var written = 0

    package init(_ destination: UnsafeMutableBufferPointer<UInt8>) {
        self.destination = destination
    }

    package mutating func literal(_ character: Unicode.Scalar) {
        self.destination[self.written] = UInt8(ascii: character)
        self.written += 1
    }

    /// The number's lowest decimal digits, with leading zeros.
    mutating func number(_ number: Int, digits: Int) {
        var rest = number
        for position in (self.written..<self.written + digits).reversed() {
            self.destination[position] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        self.written += digits
    }

    /// `YYYY-MM-DD`.
    mutating func date(_ partes: (ano: Int, mes: Int, dia: Int)) {
        self.number(partes.ano, digits: 4)
        self.literal("-")
        self.number(partes.mes, digits: 2)
        self.literal("-")
        self.number(partes.dia, digits: 2)
    }

    /// The number's lowest hexadecimal digits in lower case, with leading zeros.
    package mutating func hexadecimal(_ number: UInt64, digits: Int) {
        var rest = number
        for position in (self.written..<self.written + digits).reversed() {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            self.destination[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            rest >>= 4
        }
        self.written += digits
    }
}
