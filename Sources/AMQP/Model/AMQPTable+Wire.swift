/// Field tables as bytes (AMQP 0-9-1, 4.2.5.5, with RabbitMQ's kinds), both ways.
extension AMQPTable {
    /// Reads a table with its four bytes of length.
    ///
    /// - Returns: nil if the bytes are no table, or more than one. Never traps, whatever the bytes.
    package init?(wireBytes: [UInt8]) {
        var reader = TableReader(bytes: wireBytes[...])
        guard reader.skipTable(depth: 1), reader.bytes.isEmpty else { return nil }
        self.init(checkedContent: Array(wireBytes.dropFirst(4)))
    }

    /// Writes the table with its four bytes of length.
    ///
    /// - Throws: ``AMQPError/Kind/invalidMessage`` if a name has more than 255 bytes or the whole passes 2³²−1 bytes.
    package func wireBytes() throws(AMQPError) -> [UInt8] {
        var writer = TableWriter()
        try writer.table(self)
        return writer.bytes
    }
}

/// Reads tables. The functions of a whole table want content that ``skipTable(depth:)`` has passed over.
struct TableReader {
    var bytes: ArraySlice<UInt8>

    /// What the content of a table holds.
    static func entries(_ content: [UInt8]) -> [AMQPTable.Entry] {
        var reader = TableReader(bytes: content[...])
        return reader.entries(depth: 1) ?? []
    }

    /// The first value of that name.
    static func value(of name: String, in content: [UInt8]) -> AMQPValue? {
        var reader = TableReader(bytes: content[...])
        while let found = reader.name() {
            if found.elementsEqual(name.utf8) { return reader.value(depth: 1) }
            guard reader.skipValue(depth: 1) else { return nil }
        }
        return nil
    }

    /// The content with the first value of that name replaced and the others removed, or with the value appended; without a value, with all
    /// of them removed.
    /// - Returns: nil if the new entry cannot be written.
    static func setting(_ name: String, to value: AMQPValue?, in content: [UInt8]) -> [UInt8]? {
        var entry: [UInt8] = []
        if let value {
            var writer = TableWriter()
            guard (try? writer.entry(.init(name: name, value: value))) != nil else { return nil }
            entry = writer.bytes
        }
        var changed: [UInt8] = []
        changed.reserveCapacity(content.count + entry.count)
        var reader = TableReader(bytes: content[...])
        while true {
            let start = reader.bytes.startIndex
            guard let found = reader.name(), reader.skipValue(depth: 1) else { break }
            if found.elementsEqual(name.utf8) {
                changed += entry
                entry = []
            } else {
                changed += content[start..<reader.bytes.startIndex]
            }
        }
        return changed + entry
    }

    private mutating func name() -> ArraySlice<UInt8>? {
        guard let count = self.integer(UInt8.self) else { return nil }
        return self.take(Int(count))
    }

    mutating func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
        let size = Value.bitWidth / 8
        guard self.bytes.count >= size else { return nil }
        defer { self.bytes.removeFirst(size) }
        return self.bytes.prefix(size).reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard self.bytes.count >= count else { return nil }
        defer { self.bytes.removeFirst(count) }
        return self.bytes.prefix(count)
    }

    mutating func longString() -> [UInt8]? {
        guard let count = self.integer(UInt32.self), let bytes = self.take(Int(count)) else { return nil }
        return Array(bytes)
    }

    /// Reads a table with its length.
    mutating func table(depth: Int) -> AMQPTable? {
        guard let count = self.integer(UInt32.self), let content = self.take(Int(count)) else { return nil }
        var inner = TableReader(bytes: content)
        return inner.entries(depth: depth).map { AMQPTable($0) }
    }

    private mutating func entries(depth: Int) -> [AMQPTable.Entry]? {
        var entries: [AMQPTable.Entry] = []
        while !self.bytes.isEmpty {
            guard let name = self.name(), let value = self.value(depth: depth) else { return nil }
            entries.append(AMQPTable.Entry(nameBytes: Array(name), value: value))
        }
        return entries
    }

    // MARK: - Passing over, without keeping anything

    /// - Returns: false where ``table(depth:)`` would be nil.
    mutating func skipTable(depth: Int) -> Bool {
        guard let count = self.integer(UInt32.self), let content = self.take(Int(count)) else { return false }
        var inner = TableReader(bytes: content)
        while !inner.bytes.isEmpty {
            guard inner.name() != nil, inner.skipValue(depth: depth) else { return false }
        }
        return true
    }

    private mutating func skipArray(depth: Int) -> Bool {
        guard let count = self.integer(UInt32.self), let content = self.take(Int(count)) else { return false }
        var inner = TableReader(bytes: content)
        while !inner.bytes.isEmpty {
            guard inner.skipValue(depth: depth) else { return false }
        }
        return true
    }

    private mutating func skipLongString() -> Bool {
        guard let count = self.integer(UInt32.self) else { return false }
        return self.take(Int(count)) != nil
    }

    private mutating func skipValue(depth: Int) -> Bool {
        guard let kind = self.integer(UInt8.self) else { return false }
        switch kind {
        case UInt8(ascii: "V"): return true
        case UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "B"): return self.take(1) != nil
        case UInt8(ascii: "s"), UInt8(ascii: "u"): return self.take(2) != nil
        case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"): return self.take(4) != nil
        case UInt8(ascii: "D"): return self.take(5) != nil
        case UInt8(ascii: "l"), UInt8(ascii: "L"), UInt8(ascii: "d"), UInt8(ascii: "T"): return self.take(8) != nil
        case UInt8(ascii: "A") where depth < AMQPTable.nestingMax: return self.skipArray(depth: depth + 1)
        case UInt8(ascii: "F") where depth < AMQPTable.nestingMax: return self.skipTable(depth: depth + 1)
        case UInt8(ascii: "S"), UInt8(ascii: "x"), UInt8(ascii: "A"), UInt8(ascii: "F"): return self.skipLongString()
        default: return false
        }
    }

    // MARK: - Values

    mutating func array(depth: Int) -> [AMQPValue]? {
        guard let count = self.integer(UInt32.self), let content = self.take(Int(count)) else { return nil }
        var inner = TableReader(bytes: content)
        var values: [AMQPValue] = []
        while !inner.bytes.isEmpty {
            guard let value = inner.value(depth: depth) else { return nil }
            values.append(value)
        }
        return values
    }

    mutating func value(depth: Int) -> AMQPValue? {
        guard let kind = self.integer(UInt8.self) else { return nil }
        switch kind {
        case UInt8(ascii: "t"): return self.integer(UInt8.self).map { .bool($0 != 0) }
        case UInt8(ascii: "b"): return self.integer(Int8.self).map { .int8($0) }
        case UInt8(ascii: "B"): return self.integer(UInt8.self).map { .uint8($0) }
        case UInt8(ascii: "s"): return self.integer(Int16.self).map { .int16($0) }
        case UInt8(ascii: "u"): return self.integer(UInt16.self).map { .uint16($0) }
        case UInt8(ascii: "I"): return self.integer(Int32.self).map { .int32($0) }
        case UInt8(ascii: "i"): return self.integer(UInt32.self).map { .uint32($0) }
        case UInt8(ascii: "l"): return self.integer(Int64.self).map { .int64($0) }
        case UInt8(ascii: "L"): return self.integer(UInt64.self).map { .uint64($0) }
        case UInt8(ascii: "f"): return self.integer(UInt32.self).map { .float(bits: $0) }
        case UInt8(ascii: "d"): return self.integer(UInt64.self).map { .double(bits: $0) }
        case UInt8(ascii: "T"): return self.integer(UInt64.self).map { .timestamp($0) }
        case UInt8(ascii: "V"): return .void
        case UInt8(ascii: "D"):
            guard let scale = self.integer(UInt8.self), let value = self.integer(UInt32.self) else { return nil }
            return .decimal(scale: scale, value: value)
        case UInt8(ascii: "S"):
            guard let bytes = self.longString() else { return nil }
            return String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .longString(bytes)
        case UInt8(ascii: "x"): return self.longString().map { .bytes($0) }
        case UInt8(ascii: "A") where depth < AMQPTable.nestingMax: return self.array(depth: depth + 1).map { .array($0) }
        case UInt8(ascii: "F") where depth < AMQPTable.nestingMax: return self.table(depth: depth + 1).map { .table($0) }
        case UInt8(ascii: "A"), UInt8(ascii: "F"): return self.longString().map { .unread(kind: kind, $0) }
        default: return nil
        }
    }
}

private struct TableWriter {
    private static let nameBytesMax = 255

    var bytes: [UInt8] = []

    mutating func integer(_ value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            self.bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func sized(_ content: (inout TableWriter) throws(AMQPError) -> Void) throws(AMQPError) {
        let start = self.bytes.count
        self.integer(UInt32(0))
        try content(&self)
        guard let count = UInt32(exactly: self.bytes.count - start - 4) else {
            throw AMQPError(.invalidMessage, replyText: "a field table is too large")
        }
        for position in 0..<4 { self.bytes[start + position] = UInt8(truncatingIfNeeded: count >> (24 - 8 * position)) }
    }

    mutating func table(_ table: AMQPTable) throws(AMQPError) {
        try self.sized { (writer) throws(AMQPError) in
            switch table.storage {
            case .wire(let content): writer.bytes += content
            case .entries(let entries):
                for entry in entries { try writer.entry(entry) }
            }
        }
    }

    mutating func entry(_ entry: AMQPTable.Entry) throws(AMQPError) {
        guard let count = UInt8(exactly: entry.nameBytes.count) else {
            throw AMQPError(.invalidMessage, replyText: "a name in a field table has more than \(Self.nameBytesMax) bytes")
        }
        self.bytes.append(count)
        self.bytes += entry.nameBytes
        try self.value(entry.value)
    }

    mutating func kind(_ letter: Unicode.Scalar) { self.bytes.append(UInt8(ascii: letter)) }

    mutating func longString(_ content: some Collection<UInt8>) throws(AMQPError) {
        try self.sized { writer in writer.bytes += content }
    }

    mutating func value(_ value: AMQPValue) throws(AMQPError) {
        switch value {
        case .bool(let value):
            self.kind("t")
            self.integer(UInt8(value ? 1 : 0))
        case .int8(let value):
            self.kind("b")
            self.integer(value)
        case .uint8(let value):
            self.kind("B")
            self.integer(value)
        case .int16(let value):
            self.kind("s")
            self.integer(value)
        case .uint16(let value):
            self.kind("u")
            self.integer(value)
        case .int32(let value):
            self.kind("I")
            self.integer(value)
        case .uint32(let value):
            self.kind("i")
            self.integer(value)
        case .int64(let value):
            self.kind("l")
            self.integer(value)
        case .uint64(let value):
            self.kind("L")
            self.integer(value)
        case .float(let bits):
            self.kind("f")
            self.integer(bits)
        case .double(let bits):
            self.kind("d")
            self.integer(bits)
        case .timestamp(let seconds):
            self.kind("T")
            self.integer(seconds)
        case .decimal(let scale, let value):
            self.kind("D")
            self.integer(scale)
            self.integer(value)
        case .string(let text):
            self.kind("S")
            try self.longString(text.utf8)
        case .longString(let bytes):
            self.kind("S")
            try self.longString(bytes)
        case .bytes(let bytes):
            self.kind("x")
            try self.longString(bytes)
        case .array(let values):
            self.kind("A")
            try self.sized { (writer) throws(AMQPError) in
                for value in values { try writer.value(value) }
            }
        case .table(let table):
            self.kind("F")
            try self.table(table)
        case .void:
            self.kind("V")
        case .unread(let kind, let bytes):
            self.bytes.append(kind)
            try self.longString(bytes)
        }
    }
}
