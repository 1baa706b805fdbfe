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
        try read(Array(bytes))
    }

    // MARK: Values

    private mutating func document() throws(JSONError) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw failure(.byteOrderMark) }
        skipWhitespace()
        guard position < bytes.count else { throw failure(.empty) }
        let value = try value()
        skipWhitespace()
        guard position == bytes.count else { throw failure(.trailingBytes) }
        return value
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        guard position < bytes.count else { throw failure(.unexpectedEnd) }
        switch bytes[position] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: throw unexpected()
        }
    }

    private mutating func object() throws(JSONError) -> [JSONMember] {
        try enter()
        var members: [JSONMember] = []
        var names = MemberNames()
        if try !close(with: UInt8(ascii: "}")) {
            repeat {
                skipWhitespace()
                let start = position
                try expect(UInt8(ascii: "\""))
                position = start
                let name = try string()
                guard names.insert(name, after: members) else { throw JSONError(position: start, reason: .repeatedName) }
                skipWhitespace()
                try expect(UInt8(ascii: ":"))
                skipWhitespace()
                members.append(JSONMember(name: name, value: try value()))
            } while try separator(orCloseWith: UInt8(ascii: "}"))
        }
        depth -= 1
        return members
    }

    private mutating func array() throws(JSONError) -> [JSONValue] {
        try enter()
        var values: [JSONValue] = []
        if try !close(with: UInt8(ascii: "]")) {
            repeat {
                skipWhitespace()
                values.append(try value())
            } while try separator(orCloseWith: UInt8(ascii: "]"))
        }
        depth -= 1
        return values
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for offset in 0..<text.utf8CodeUnitCount {
            try expect(text.utf8Start[offset])
        }
        return value
    }

    private mutating func number() throws(JSONError) -> String {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
            position += 1
            if isDigit(position) { throw failure(.invalidNumber) }
        } else {
            try digits()
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(JSONError) {
        guard isDigit(position) else { throw position < bytes.count ? failure(.invalidNumber) : failure(.unexpectedEnd) }
        while isDigit(position) { position += 1 }
    }

    private func isDigit(_ position: Int) -> Bool {
        position < bytes.count && bytes[position] >= UInt8(ascii: "0") && bytes[position] <= UInt8(ascii: "9")
    }

    // MARK: Strings

    /// Copies a text without escapes once, and assembles any other in a buffer.
    private mutating func string() throws(JSONError) -> String {
        position += 1
        var start = position
        var joined: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                let last = bytes[start..<position]
                position += 1
                if joined.isEmpty { return String(decoding: last, as: UTF8.self) }
                joined.append(contentsOf: last)
                return String(decoding: joined, as: UTF8.self)
            case UInt8(ascii: "\\"):
                joined.append(contentsOf: bytes[start..<position])
                try escape(into: &joined)
                start = position
            case 0x00..<0x20:
                throw failure(.controlCharacter)
            case 0x20..<0x80:
                position += 1
            default:
                try multibyteScalar()
            }
        }
        throw failure(.unexpectedEnd)
    }

    private mutating func escape(into joined: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        guard position < bytes.count else { throw failure(.unexpectedEnd) }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): joined.append(byte)
        case UInt8(ascii: "b"): joined.append(0x08)
        case UInt8(ascii: "f"): joined.append(0x0C)
        case UInt8(ascii: "n"): joined.append(0x0A)
        case UInt8(ascii: "r"): joined.append(0x0D)
        case UInt8(ascii: "t"): joined.append(0x09)
        case UInt8(ascii: "u"): joined.append(contentsOf: String(try escapedScalar(from: start)).utf8)
        default: throw JSONError(position: start, reason: .invalidEscape)
        }
    }

    private mutating func escapedScalar(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try fourHexDigits(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xD800..<0xDC00).contains(first), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { throw JSONError(position: start, reason: .loneSurrogate) }
        let secondStart = position
        position += 2
        let second = try fourHexDigits(from: secondStart)
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(first - 0xD800) << 10 | UInt32(second - 0xDC00)))
        else { throw JSONError(position: start, reason: .loneSurrogate) }
        return scalar
    }

    private mutating func fourHexDigits(from start: Int) throws(JSONError) -> UInt16 {
        var number: UInt16 = 0
        for _ in 0..<4 {
            guard position < bytes.count else { throw failure(.unexpectedEnd) }
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt16(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt16(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): number = number << 4 | UInt16(byte - UInt8(ascii: "A") + 10)
            default: throw JSONError(position: start, reason: .invalidEscape)
            }
            position += 1
        }
        return number
    }

    /// Skips one well-formed sequence of two to four bytes (Unicode 15, table 3-7).
    private mutating func multibyteScalar() throws(JSONError) {
        let first = bytes[position]
        let (following, second): (Int, ClosedRange<UInt8>)
        switch first {
        case 0xC2...0xDF: (following, second) = (1, 0x80...0xBF)
        case 0xE0: (following, second) = (2, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: (following, second) = (2, 0x80...0xBF)
        case 0xED: (following, second) = (2, 0x80...0x9F)
        case 0xF0: (following, second) = (3, 0x90...0xBF)
        case 0xF1...0xF3: (following, second) = (3, 0x80...0xBF)
        case 0xF4: (following, second) = (3, 0x80...0x8F)
        default: throw failure(.invalidUTF8)
        }
        guard position + following < bytes.count, second.contains(bytes[position + 1]) else { throw failure(.invalidUTF8) }
        for offset in 1...following where bytes[position + offset] & 0xC0 != 0x80 {
            throw failure(.invalidUTF8)
        }
        position += following + 1
    }

    // MARK: Punctuation

    private mutating func enter() throws(JSONError) {
        guard depth < JSONReader.depthMax else { throw failure(.tooDeep) }
        depth += 1
        position += 1
    }

    /// Consumes the closing bracket if it is next.
    private mutating func close(with end: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        guard position < bytes.count else { throw failure(.unexpectedEnd) }
        guard bytes[position] == end else { return false }
        position += 1
        return true
    }

    /// Consumes the comma before another element, or the closing bracket; reports whether it was the comma.
    private mutating func separator(orCloseWith end: UInt8) throws(JSONError) -> Bool {
        if try close(with: end) { return false }
        try expect(UInt8(ascii: ","))
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard position < bytes.count else { throw failure(.unexpectedEnd) }
        guard bytes[position] == byte else { throw unexpected() }
        position += 1
    }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    private func failure(_ reason: JSONError.Reason) -> JSONError {
        JSONError(position: position, reason: reason)
    }

    /// Outside strings JSON is ASCII, so another byte is either an unexpected character or invalid UTF-8.
    private func unexpected() -> JSONError {
        var copy = self
        guard bytes[position] >= 0x80 else { return failure(.unexpectedCharacter) }
        do throws(JSONError) {
            try copy.multibyteScalar()
            return failure(.unexpectedCharacter)
        } catch {
            return error
        }
    }
}
