import FluxoDeCaixa

/// A strict reader of JSON (RFC 8259) over bytes.
///
/// It accepts exactly one value in UTF-8. It refuses repeated names (compared by bytes), lone surrogates, a byte order mark, deep nesting and
/// trailing bytes. Its time is linear in the length; the caller limits the length.
package struct JSONReader {
    /// The most nested arrays and objects.
    package static let depthMax = 16

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    /// The byte at the position; `nil` at the end.
    private var current: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads the one value of the bytes.
    package static func read(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        var reader = JSONReader(bytes)
        return try reader.document()
    }

    /// The same for a slice; positions in errors count from its start.
    package static func read(_ bytes: ArraySlice<UInt8>) throws(JSONError) -> JSONValue {
        try self.read(Array(bytes))
    }

    // MARK: Values

    private mutating func document() throws(JSONError) -> JSONValue {
        if self.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw self.failure(.byteOrderMark) }
        self.skipWhitespace()
        guard self.current != nil else { throw self.failure(.empty) }
        let value = try self.value()
        self.skipWhitespace()
        guard self.position == self.bytes.count else { throw self.failure(.trailingBytes) }
        return value
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        guard let byte = self.current else { throw self.failure(.unexpectedEnd) }
        switch byte {
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "{"): return .object(try self.object())
        case UInt8(ascii: "["): return .array(try self.array())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try self.number())
        case UInt8(ascii: "t"): return try self.literal("true", .bool(true))
        case UInt8(ascii: "f"): return try self.literal("false", .bool(false))
        case UInt8(ascii: "n"): return try self.literal("null", .null)
        default: throw self.unexpected()
        }
    }

    private mutating func object() throws(JSONError) -> [JSONMember] {
        try self.enter()
        var members: [JSONMember] = []
        var names = MemberNames()
        if try !self.close(with: UInt8(ascii: "}")) {
            repeat {
                self.skipWhitespace()
                let start = self.position
                try self.expect(UInt8(ascii: "\""))
                self.position = start
                let name = try self.string()
                guard names.insert(name, after: members) else { throw JSONError(position: start, reason: .repeatedName) }
                self.skipWhitespace()
                try self.expect(UInt8(ascii: ":"))
                self.skipWhitespace()
                members.append(JSONMember(name: name, value: try self.value()))
            } while try self.separator(orCloseWith: UInt8(ascii: "}"))
        }
        self.depth -= 1
        return members
    }

    private mutating func array() throws(JSONError) -> [JSONValue] {
        try self.enter()
        var values: [JSONValue] = []
        if try !self.close(with: UInt8(ascii: "]")) {
            repeat {
                self.skipWhitespace()
                values.append(try self.value())
            } while try self.separator(orCloseWith: UInt8(ascii: "]"))
        }
        self.depth -= 1
        return values
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for offset in 0..<text.utf8CodeUnitCount {
            try self.expect(text.utf8Start[offset])
        }
        return value
    }

    private mutating func number() throws(JSONError) -> String {
        let start = self.position
        self.skip("-")
        if self.skip("0") {
            if self.isAtDigit { throw self.failure(.invalidNumber) }
        } else {
            try self.digits()
        }
        if self.skip(".") { try self.digits() }
        if self.skip("e") || self.skip("E") {
            if !self.skip("+") { self.skip("-") }
            try self.digits()
        }
        return String(decoding: self.bytes[start..<self.position], as: UTF8.self)
    }

    private mutating func digits() throws(JSONError) {
        guard self.isAtDigit else { throw self.failure(self.current == nil ? .unexpectedEnd : .invalidNumber) }
        while self.isAtDigit { self.position += 1 }
    }

    private var isAtDigit: Bool { self.current.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false }

    // MARK: Strings

    /// Copies a text without escapes once, and assembles any other in a buffer.
    private mutating func string() throws(JSONError) -> String {
        self.position += 1
        var start = self.position
        var joined: [UInt8] = []
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            switch byte {
            case UInt8(ascii: "\""):
                let last = self.bytes[start..<self.position]
                self.position += 1
                if joined.isEmpty { return String(decoding: last, as: UTF8.self) }
                joined.append(contentsOf: last)
                return String(decoding: joined, as: UTF8.self)
            case UInt8(ascii: "\\"):
                joined.append(contentsOf: self.bytes[start..<self.position])
                try self.escape(into: &joined)
                start = self.position
            case 0x00..<0x20:
                throw self.failure(.controlCharacter)
            case 0x20..<0x80:
                self.position += 1
            default:
                try self.multibyteScalar()
            }
        }
        throw self.failure(.unexpectedEnd)
    }

    private mutating func escape(into joined: inout [UInt8]) throws(JSONError) {
        let start = self.position
        self.position += 1
        guard let byte = self.current else { throw self.failure(.unexpectedEnd) }
        self.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): joined.append(byte)
        case UInt8(ascii: "b"): joined.append(0x08)
        case UInt8(ascii: "f"): joined.append(0x0C)
        case UInt8(ascii: "n"): joined.append(0x0A)
        case UInt8(ascii: "r"): joined.append(0x0D)
        case UInt8(ascii: "t"): joined.append(0x09)
        case UInt8(ascii: "u"): joined.append(contentsOf: String(try self.escapedScalar(from: start)).utf8)
        default: throw JSONError(position: start, reason: .invalidEscape)
        }
    }

    private mutating func escapedScalar(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try self.fourHexDigits(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        let secondStart = self.position
        guard (0xD800..<0xDC00).contains(first), self.skip("\\"), self.skip("u") else {
            throw JSONError(position: start, reason: .loneSurrogate)
        }
        let second = try self.fourHexDigits(from: secondStart)
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(first - 0xD800) << 10 | UInt32(second - 0xDC00)))
        else { throw JSONError(position: start, reason: .loneSurrogate) }
        return scalar
    }

    private mutating func fourHexDigits(from start: Int) throws(JSONError) -> UInt16 {
        var number: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = self.current else { throw self.failure(.unexpectedEnd) }
            guard let digit = byte.hexadecimalValue else { throw JSONError(position: start, reason: .invalidEscape) }
            number = number << 4 | UInt16(digit)
            self.position += 1
        }
        return number
    }

    /// Skips one well-formed sequence of two to four bytes (Unicode 15, table 3-7).
    private mutating func multibyteScalar() throws(JSONError) {
        let first = self.bytes[self.position]
        let (following, second): (Int, ClosedRange<UInt8>)
        switch first {
        case 0xC2...0xDF: (following, second) = (1, 0x80...0xBF)
        case 0xE0: (following, second) = (2, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: (following, second) = (2, 0x80...0xBF)
        case 0xED: (following, second) = (2, 0x80...0x9F)
        case 0xF0: (following, second) = (3, 0x90...0xBF)
        case 0xF1...0xF3: (following, second) = (3, 0x80...0xBF)
        case 0xF4: (following, second) = (3, 0x80...0x8F)
        default: throw self.failure(.invalidUTF8)
        }
        guard self.position + following < self.bytes.count, second.contains(self.bytes[self.position + 1]) else {
            throw self.failure(.invalidUTF8)
        }
        for offset in 1...following where self.bytes[self.position + offset] & 0xC0 != 0x80 {
            throw self.failure(.invalidUTF8)
        }
        self.position += following + 1
    }

    // MARK: Punctuation

    private mutating func enter() throws(JSONError) {
        guard self.depth < JSONReader.depthMax else { throw self.failure(.tooDeep) }
        self.depth += 1
        self.position += 1
    }

    /// Consumes the closing bracket if it is next.
    private mutating func close(with end: UInt8) throws(JSONError) -> Bool {
        self.skipWhitespace()
        guard let byte = self.current else { throw self.failure(.unexpectedEnd) }
        guard byte == end else { return false }
        self.position += 1
        return true
    }

    @discardableResult
    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard self.current == UInt8(ascii: character) else { return false }
        self.position += 1
        return true
    }

    /// Consumes the comma before another element, or the closing bracket; reports whether it was the comma.
    private mutating func separator(orCloseWith end: UInt8) throws(JSONError) -> Bool {
        if try self.close(with: end) { return false }
        try self.expect(UInt8(ascii: ","))
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard let current = self.current else { throw self.failure(.unexpectedEnd) }
        guard current == byte else { throw self.unexpected() }
        self.position += 1
    }

    private mutating func skipWhitespace() {
        while let byte = self.current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { self.position += 1 }
    }

    private func failure(_ reason: JSONError.Reason) -> JSONError {
        JSONError(position: self.position, reason: reason)
    }

    /// Outside strings JSON is ASCII, so another byte is either an unexpected character or invalid UTF-8.
    private func unexpected() -> JSONError {
        var copy = self
        guard self.bytes[self.position] >= 0x80 else { return self.failure(.unexpectedCharacter) }
        do throws(JSONError) {
            try copy.multibyteScalar()
            return self.failure(.unexpectedCharacter)
        } catch {
            return error
        }
    }
}
