/// A JSON object in one line, for a log.
///
/// Separate from the writer of answers because it escapes more than JSON requires: DEL and C1, which a terminal may execute, and the Unicode
/// line and paragraph separators, at which some readers split lines.
struct JSONLine {
    /// Longer texts are cut: Elasticsearch limits the length of indexed values, and no caller's text may fill a disk.
    static let textBytesMax = 4096

    /// UTF-8, without a closing brace until ``end()``.
    private(set) var bytes: [UInt8] = []

    init(reservedBytes: Int = 512) {
        self.bytes.reserveCapacity(reservedBytes)
        self.bytes.append(UInt8(ascii: "{"))
    }

    /// A member that is a text.
    /// - Parameters:
    ///   - prefix: written before the name.
    ///   - name: escaped as the value is.
    mutating func text(_ name: String, prefix: String = "", _ value: String) {
        self.begin(prefix, name)
        self.quoted(value)
    }

    mutating func integer(_ name: String, _ value: Int64) {
        self.begin("", name)
        self.bytes.append(contentsOf: String(value).utf8)
    }

    /// Appends members written by another line, without its braces.
    mutating func append(_ members: [UInt8]) {
        if self.bytes.count > 1 { self.bytes.append(UInt8(ascii: ",")) }
        self.bytes.append(contentsOf: members)
    }

    var members: [UInt8] { Array(self.bytes.dropFirst()) }

    mutating func end() {
        self.bytes.append(contentsOf: "}\n".utf8)
    }

    private mutating func begin(_ prefix: String, _ name: String) {
        if self.bytes.count > 1 { self.bytes.append(UInt8(ascii: ",")) }
        self.bytes.append(UInt8(ascii: "\""))
        self.escaped(prefix)
        self.escaped(name)
        self.bytes.append(contentsOf: "\":".utf8)
    }

    private mutating func quoted(_ text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        self.escaped(text)
        self.bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escaped(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            let end = Self.end(of: utf8)
            var start = 0
            var position = 0
            while position < end {
                guard let (scalar, length) = Self.control(in: utf8, at: position) else {
                    position += 1
                    continue
                }
                self.bytes.append(contentsOf: utf8[start..<position])
                self.escape(scalar)
                position += length
                start = position
            }
            self.bytes.append(contentsOf: utf8[start..<end])
        }
    }

    /// The end of the written part of a text, never inside a scalar.
    private static func end(of utf8: UnsafeBufferPointer<UInt8>) -> Int {
        guard utf8.count > self.textBytesMax else { return utf8.count }
        var end = self.textBytesMax
        while end > 0, utf8[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    /// The scalar at a position if it must be escaped, and its length in bytes.
    private static func control(in utf8: UnsafeBufferPointer<UInt8>, at position: Int) -> (scalar: UInt16, length: Int)? {
        switch utf8[position] {
        case let byte where byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\"):
            return (UInt16(byte), 1)
        case 0xC2 where utf8[position + 1] < 0xA0: return (UInt16(utf8[position + 1]), 2)
        case 0xE2 where utf8[position + 1] == 0x80 && (utf8[position + 2] == 0xA8 || utf8[position + 2] == 0xA9):
            return (0x2000 + UInt16(utf8[position + 2] & 0x3F), 3)
        default: return nil
        }
    }

    private mutating func escape(_ scalar: UInt16) {
        self.bytes.append(UInt8(ascii: "\\"))
        switch scalar {
        case 0x22, 0x5C: self.bytes.append(UInt8(scalar))
        case 0x09: self.bytes.append(UInt8(ascii: "t"))
        case 0x0A: self.bytes.append(UInt8(ascii: "n"))
        case 0x0D: self.bytes.append(UInt8(ascii: "r"))
        default:
            let digits = String(scalar, radix: 16)
            self.bytes.append(contentsOf: ("u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
        }
    }
}
