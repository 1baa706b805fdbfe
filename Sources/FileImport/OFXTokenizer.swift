/// Splits OFX, of SGML (version 1) or XML (version 2), into tags and text as it arrives.
///
/// Elements without a closing tag are left to the reader of the tags. Comments and processing instructions are skipped; attributes are
/// ignored. No declaration is read: `<!DOCTYPE` and the like end the file (CWE-776).
struct OFXTokenizer {
    enum Token: Equatable {
        /// A tag's name in upper case.
        case open(String)
        case close(String)
        /// Text between tags with its references resolved; white space at its ends is kept.
        case text(String)
        /// A declaration: the last token.
        case declaration
    }

    /// A token and the line where it ends, from 1.
    struct Placed: Equatable {
        var token: Token
        var line: Int
    }

    /// A longer name is no tag of OFX and is read as text, in bytes.
    private static let nameMaxBytes = 64
    /// The bytes between a tag's name and its `>`; with more, it is text.
    private static let attributesMaxBytes = 1024
    /// Further bytes of one text are dropped, in bytes: descriptions are cut at fewer characters.
    private static let textMaxBytes = 4096

    private enum State {
        case text
        /// Inside `<…`; `name` has the bytes so far, a leading `/` included.
        case tag
        /// After the name, up to `>`.
        case attributes
        /// After `<?`, up to `>`.
        case instruction
        /// After `<!`: a comment, CDATA or a declaration; `name` has the bytes so far.
        case bang
        /// Inside a comment or CDATA up to `-->` or `]]>`; `name` has the last two bytes.
        case comment
        case cdata
        case ended
    }

    private var state = State.text
    private var text: [UInt8] = []
    private var name: [UInt8] = []
    private var attributes: [UInt8] = []
    private var line = 1

    /// Returns the tokens that end in these bytes.
    mutating func receive(_ bytes: [UInt8]) -> [Placed] {
        var tokens: [Placed] = []
        for byte in bytes {
            self.read(byte, &tokens)
            if byte == UInt8(ascii: "\n") { self.line += 1 }
        }
        return tokens
    }

    private mutating func read(_ byte: UInt8, _ tokens: inout [Placed]) {
        switch self.state {
        case .text:
            if byte == UInt8(ascii: "<") { self.beginTag() } else { self.append([byte]) }
        case .tag: self.readTag(byte, &tokens)
        case .attributes: self.readAttributes(byte, &tokens)
        case .instruction:
            if byte == UInt8(ascii: ">") { self.state = .text }
        case .bang: self.readBang(byte, &tokens)
        case .comment:
            if self.ends(with: "--", byte) { self.state = .text }
        case .cdata: self.readCDATA(byte, &tokens)
        case .ended: break
        }
    }

    private mutating func beginTag() {
        self.state = .tag
        self.name = []
    }

    private mutating func readTag(_ byte: UInt8, _ tokens: inout [Placed]) {
        switch byte {
        case UInt8(ascii: ">") where !self.name.isEmpty && self.name != [UInt8(ascii: "/")]: self.endTag(&tokens)
        case UInt8(ascii: "?") where self.name.isEmpty:
            self.flush(&tokens)
            self.state = .instruction
        case UInt8(ascii: "!") where self.name.isEmpty: self.state = .bang
        case UInt8(ascii: "/") where self.name.isEmpty: self.name.append(byte)
        case 0x09, 0x0A, 0x0D, 0x20, UInt8(ascii: "/"):
            guard self.hasName else { return self.returnToText([byte]) }
            self.attributes = [byte]
            self.state = .attributes
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
            self.name.append(byte)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"):
            if self.hasName { self.name.append(byte) } else { self.returnToText([byte]) }
        case UInt8(ascii: "<"):
            self.returnToText([])
            self.beginTag()
        default: self.returnToText([byte])
        }
        if self.name.count > Self.nameMaxBytes { self.returnToText([]) }
    }

    private var hasName: Bool { self.name.last.map { $0 != UInt8(ascii: "/") } ?? false }

    private mutating func readAttributes(_ byte: UInt8, _ tokens: inout [Placed]) {
        switch byte {
        case UInt8(ascii: ">"): self.endTag(&tokens)
        // A description such as `A <B` before the next tag.
        case UInt8(ascii: "<"):
            self.returnToText(self.attributes)
            self.beginTag()
        default:
            self.attributes.append(byte)
            if self.attributes.count > Self.attributesMaxBytes { self.returnToText(self.attributes) }
        }
    }

    /// What looked like a tag is text.
    private mutating func returnToText(_ more: [UInt8]) {
        let read = [UInt8(ascii: "<")] + self.name + more
        self.name = []
        self.attributes = []
        self.state = .text
        self.append(read)
    }

    private mutating func endTag(_ tokens: inout [Placed]) {
        self.flush(&tokens)
        let isClosing = self.name.first == UInt8(ascii: "/")
        let name = String(decoding: isClosing ? self.name[1...] : self.name[...], as: UTF8.self).uppercased()
        tokens.append(Placed(token: isClosing ? .close(name) : .open(name), line: self.line))
        let isEmptyElement = !isClosing && self.attributes.last == UInt8(ascii: "/")
        if isEmptyElement { tokens.append(Placed(token: .close(name), line: self.line)) }
        self.name = []
        self.attributes = []
        self.state = .text
    }

    private mutating func readBang(_ byte: UInt8, _ tokens: inout [Placed]) {
        self.name.append(byte)
        if self.name == Array("--".utf8) {
            self.name = []
            self.state = .comment
        } else if self.name == Array("[CDATA[".utf8) {
            self.flush(&tokens)
            self.name = []
            self.state = .cdata
        } else if !Array("--".utf8).starts(with: self.name), !Array("[CDATA[".utf8).starts(with: self.name) {
            tokens.append(Placed(token: .declaration, line: self.line))
            self.state = .ended
        }
    }

    private mutating func readCDATA(_ byte: UInt8, _ tokens: inout [Placed]) {
        if self.ends(with: "]]", byte) {
            // The two brackets were collected as text.
            let text = FileText.decode(self.text.count < Self.textMaxBytes ? self.text.dropLast(2) : self.wholeText)
            if !text.isEmpty { tokens.append(Placed(token: .text(text), line: self.line)) }
            self.text = []
            self.state = .text
        } else {
            self.append([byte])
        }
    }

    /// Whether `>` follows these two bytes.
    private mutating func ends(with mark: String, _ byte: UInt8) -> Bool {
        if byte == UInt8(ascii: ">"), self.name == Array(mark.utf8) {
            self.name = []
            return true
        }
        self.name = self.name.suffix(1) + [byte]
        return false
    }

    private mutating func append(_ bytes: [UInt8]) {
        self.text.append(contentsOf: bytes.prefix(max(0, Self.textMaxBytes - self.text.count)))
    }

    private mutating func flush(_ tokens: inout [Placed]) {
        guard !self.text.isEmpty else { return }
        tokens.append(Placed(token: .text(Self.resolve(FileText.decode(self.wholeText))), line: self.line))
        self.text = []
    }

    /// The collected text, without the beginning of a character of UTF-8 at whose middle it was cut: it would be read as Windows-1252.
    private var wholeText: ArraySlice<UInt8> {
        guard self.text.count == Self.textMaxBytes else { return self.text[...] }
        // A character has at most three bytes after its first.
        guard let first = self.text.indices.suffix(4).last(where: { self.text[$0] & 0xC0 != 0x80 }), self.text[first] >= 0xC0 else {
            return self.text[...]
        }
        return self.text[..<first]
    }

    // MARK: - References

    private static let named: [Substring: String] = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]
    /// The longest reference that is resolved, in characters: `&#x10FFFF;`.
    private static let referenceMaxCharacters = 10

    /// Resolves the five references of XML (XML 1.0, section 4.6) and numeric ones. Any other `&` is text, as banks write it.
    private static func resolve(_ text: String) -> String {
        guard text.contains("&") else { return text }
        var resolved = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            resolved += rest[..<start]
            rest = rest[start...]
            guard let end = rest.prefix(Self.referenceMaxCharacters).firstIndex(of: ";"),
                let value = Self.value(rest[rest.index(after: start)..<end])
            else {
                resolved += "&"
                rest.removeFirst()
                continue
            }
            resolved += value
            rest = rest[rest.index(after: end)...]
        }
        return resolved + rest
    }

    private static func value(_ reference: Substring) -> String? {
        guard reference.first == "#" else { return Self.named[reference] }
        let digits = reference.dropFirst()
        let code = digits.first == "x" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits, radix: 10)
        guard let code, code != 0, let scalar = Unicode.Scalar(code) else { return nil }
        return String(scalar)
    }
}
