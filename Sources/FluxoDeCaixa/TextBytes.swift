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

/// Writes fixed-width ASCII into the storage of a new string.
struct DigitWriter {
    private let destination: UnsafeMutableBufferPointer<UInt8>
    private(set) var written = 0

    init(_ destination: UnsafeMutableBufferPointer<UInt8>) {
        self.destination = destination
    }

    mutating func literal(_ character: Unicode.Scalar) {
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

    /// The four bits as one lower-case hexadecimal digit.
    mutating func hexadecimal(_ nibble: UInt8) {
        self.destination[self.written] = nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
        self.written += 1
    }
}
