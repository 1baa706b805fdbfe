/// Writes JSON to bytes: members in the order of the calls, no white space, so that equal calls give equal bytes.
///
/// It writes the commas; the caller alternates names and values as JSON requires.
package struct JSONWriter {
    /// The UTF-8 bytes written so far.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty document with reserved space; it grows as needed.
    package init(reservedBytes: Int = 768) {
        self.bytes.reserveCapacity(reservedBytes)
    }

    /// Writes an object whose members the closure writes, after its name if there is one.
    package mutating func object(_ name: String? = nil, _ body: (inout JSONWriter) -> Void) {
        self.container(name, open: UInt8(ascii: "{"), close: UInt8(ascii: "}"), body)
    }

    /// Writes an array whose values the closure writes, after its name if there is one.
    package mutating func array(_ name: String? = nil, _ body: (inout JSONWriter) -> Void) {
        self.container(name, open: UInt8(ascii: "["), close: UInt8(ascii: "]"), body)
    }

    package mutating func name(_ name: String) {
        self.comma()
        self.quoted(name)
        self.bytes.append(UInt8(ascii: ":"))
        self.needsComma = false
    }

    /// Writes a text, escaped where RFC 8259, section 7, requires it.
    package mutating func string(_ text: String) {
        self.comma()
        self.quoted(text)
    }

    /// Writes a whole number of any size.
    package mutating func integer(_ number: some BinaryInteger) {
        self.comma()
        self.bytes.append(contentsOf: String(number).utf8)
    }

    package mutating func bool(_ value: Bool) {
        self.comma()
        self.bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func null() {
        self.comma()
        self.bytes.append(contentsOf: "null".utf8)
    }

    /// Writes a value as it was read.
    package mutating func value(_ value: JSONValue) {
        switch value {
        case .object(let members):
            self.object { writer in
                for member in members {
                    writer.name(member.name)
                    writer.value(member.value)
                }
            }
        case .array(let values):
            self.array { writer in
                for value in values { writer.value(value) }
            }
        case .string(let text): self.string(text)
        case .number(let text):
            self.comma()
            self.bytes.append(contentsOf: text.utf8)
        case .bool(let value): self.bool(value)
        case .null: self.null()
        }
    }

    package mutating func member(_ name: String, _ text: String) {
        self.name(name)
        self.string(text)
    }

    package mutating func member(_ name: String, ifPresent text: String?) {
        if let text { self.member(name, text) }
    }

    package mutating func member(_ name: String, orNull text: String?) {
        self.name(name)
        if let text { self.string(text) } else { self.null() }
    }

    package mutating func member(_ name: String, _ value: Bool) {
        self.name(name)
        self.bool(value)
    }

    package mutating func member(_ name: String, _ number: some BinaryInteger) {
        self.name(name)
        self.integer(number)
    }

    private mutating func container(_ name: String?, open: UInt8, close: UInt8, _ body: (inout JSONWriter) -> Void) {
        if let name { self.name(name) }
        self.comma()
        self.bytes.append(open)
        self.needsComma = false
        body(&self)
        self.bytes.append(close)
        self.needsComma = true
    }

    /// Writes the comma before this name or value if one is due.
    private mutating func comma() {
        if self.needsComma { self.bytes.append(UInt8(ascii: ",")) }
        self.needsComma = true
    }

    private mutating func quoted(_ text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            for position in utf8.indices where JSONWriter.needsEscape(utf8[position]) {
                self.bytes.append(contentsOf: utf8[start..<position])
                self.escaped(utf8[position])
                start = position + 1
            }
            self.bytes.append(contentsOf: utf8[start...])
        }
        self.bytes.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escaped(_ byte: UInt8) {
        self.bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): self.bytes.append(byte)
        case 0x08: self.bytes.append(UInt8(ascii: "b"))
        case 0x09: self.bytes.append(UInt8(ascii: "t"))
        case 0x0A: self.bytes.append(UInt8(ascii: "n"))
        case 0x0C: self.bytes.append(UInt8(ascii: "f"))
        case 0x0D: self.bytes.append(UInt8(ascii: "r"))
        default:
            self.bytes.append(contentsOf: (byte < 0x10 ? "u000" : "u00").utf8)
            self.bytes.append(contentsOf: String(byte, radix: 16).utf8)
        }
    }
}
