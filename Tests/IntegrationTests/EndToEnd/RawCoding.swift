@testable import AMQP

/// Writes AMQP's kinds of arguments.
struct RawWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { self.bytes.append(value) }
    mutating func short(_ value: UInt16) { self.number(value) }
    mutating func long(_ value: UInt32) { self.number(value) }
    mutating func longLong(_ value: UInt64) { self.number(value) }

    mutating func text(_ text: String) {
        self.byte(UInt8(text.utf8.count))
        self.bytes += Array(text.utf8)
    }

    mutating func longText(_ text: [UInt8]) {
        self.long(UInt32(text.count))
        self.bytes += text
    }

    mutating func table(_ table: AMQPTable) throws { self.bytes += try table.wireBytes() }

    /// The flags, then what is set, in the order of the flags from the highest (AMQP 0-9-1, 4.2.6.1).
    mutating func properties(_ properties: AMQPProperties) throws {
        var flags: UInt16 = 0
        var values = RawWriter()
        func put(_ bit: UInt16, _ text: String?) {
            guard let text else { return }
            flags |= 1 << bit
            values.text(text)
        }
        put(15, properties.contentType)
        put(14, properties.contentEncoding)
        if let headers = properties.headers {
            flags |= 1 << 13
            try values.table(headers)
        }
        if let persistent = properties.persistent {
            flags |= 1 << 12
            values.byte(persistent ? 2 : 1)
        }
        put(10, properties.correlationID)
        put(9, properties.replyTo)
        put(8, properties.expiration)
        put(7, properties.messageID)
        if let timestamp = properties.timestamp {
            flags |= 1 << 6
            values.longLong(timestamp)
        }
        put(5, properties.type)
        put(4, properties.userID)
        put(3, properties.appID)
        self.short(flags)
        self.bytes += values.bytes
    }

    private mutating func number(_ value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) { self.byte(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}

/// Reads them; what is not there is a programming error of the test.
struct RawReader {
    private(set) var rest: [UInt8]

    init(rest: [UInt8]) { self.rest = rest }

    mutating func byte() -> UInt8 { self.rest.removeFirst() }
    mutating func short() -> UInt16 { self.number() }
    mutating func long() -> UInt32 { self.number() }
    mutating func longLong() -> UInt64 { self.number() }

    mutating func text() -> String { String(decoding: self.take(Int(self.byte())), as: UTF8.self) }

    mutating func properties() -> AMQPProperties {
        var properties = AMQPProperties()
        let flags = self.short()
        func has(_ bit: UInt16) -> Bool { flags & 1 << bit != 0 }
        if has(15) { properties.contentType = self.text() }
        if has(14) { properties.contentEncoding = self.text() }
        if has(13) {
            let length = self.rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            properties.headers = AMQPTable(wireBytes: self.take(4 + length))
        }
        if has(12) { properties.persistent = self.byte() == 2 }
        if has(11) { properties.priority = self.byte() }
        if has(10) { properties.correlationID = self.text() }
        if has(9) { properties.replyTo = self.text() }
        if has(8) { properties.expiration = self.text() }
        if has(7) { properties.messageID = self.text() }
        if has(6) { properties.timestamp = self.longLong() }
        if has(5) { properties.type = self.text() }
        if has(4) { properties.userID = self.text() }
        if has(3) { properties.appID = self.text() }
        return properties
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        defer { self.rest.removeFirst(count) }
        return Array(self.rest.prefix(count))
    }

    private mutating func number<Value: FixedWidthInteger>() -> Value {
        self.take(Value.bitWidth / 8).reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }
}
