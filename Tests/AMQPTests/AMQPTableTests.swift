import SeededRandom
import Testing

@testable import AMQP

struct AMQPTableTests {
    @Test func `writes the bytes of the specification`() throws {
        let table: AMQPTable = ["a": .int32(-2), "b": "é", "c": .array([true, .void])]
        #expect(
            try table.wireBytes() == [
                0, 0, 0, 26,
                1, 0x61, 0x49, 0xFF, 0xFF, 0xFF, 0xFE,
                1, 0x62, 0x53, 0, 0, 0, 2, 0xC3, 0xA9,
                1, 0x63, 0x41, 0, 0, 0, 3, 0x74, 1, 0x56,
            ])
    }

    @Test(arguments: 0..<50) func `reads what it wrote`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let table = Self.randomTable(depth: 0, &generator)
        #expect(AMQPTable(wireBytes: try table.wireBytes()) == table)
    }

    @Test(arguments: 0..<5) func `refuses every truncation`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let bytes = try Self.randomTable(depth: 1, &generator).wireBytes()
        #expect((0..<bytes.count).allSatisfy { AMQPTable(wireBytes: Array(bytes.prefix($0))) == nil })
        #expect(AMQPTable(wireBytes: bytes + [0]) == nil)
    }

    @Test func `survives random bytes`() throws {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<5000 {
            let content = generator.bytes(.random(in: 0...64, using: &generator))
            // With a fitting length, so that more than the first check is reached.
            guard let table = AMQPTable(wireBytes: [0, 0, 0, UInt8(content.count)] + content) else { continue }
            let written = try table.wireBytes()
            #expect(AMQPTable(wireBytes: written) == table)
        }
    }

    @Test(arguments: 0..<10) func `survives damage`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let bytes = try Self.randomTable(depth: 0, &generator).wireBytes()
        for _ in 0..<200 {
            var damaged = bytes
            for _ in 0...Int.random(in: 0...2, using: &generator) {
                damaged[Int.random(in: damaged.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            if let table = AMQPTable(wireBytes: damaged) { #expect(AMQPTable(wireBytes: try table.wireBytes()) == table) }
        }
    }

    @Test func `carries nested values through unchanged, however deep`() throws {
        var bytes: [UInt8] = []
        let levels = 20_000
        for level in 1...levels { bytes += [UInt8(ascii: "A")] + UInt32((levels - level) * 5).wire }
        bytes = [1, UInt8(ascii: "n")] + bytes
        bytes = UInt32(bytes.count).wire + bytes
        var table = try #require(AMQPTable(wireBytes: bytes))
        #expect(try table.wireBytes() == bytes)
        let value = try #require(table["n"])
        #expect(value.stringValue == nil && value.integerValue == nil)
        #expect(AMQPTable([.init(name: "n", value: value)]) == table)
        table["a"] = true
        #expect(try table.wireBytes().dropFirst(4).starts(with: bytes.dropFirst(4)))
    }

    @Test func `refuses names that are too long`() {
        let table: AMQPTable = [String(repeating: "n", count: 256): .void]
        #expect(throws: AMQPError.self) { try table.wireBytes() }
        #expect(throws: Never.self) { try AMQPTable([.init(name: String(repeating: "n", count: 255), value: .void)]).wireBytes() }
        for outer: AMQPTable in [["t": .table(table)], ["a": .array([.void, .array([.table(table)])])]] {
            #expect(throws: AMQPError.self) { try outer.wireBytes() }
        }
    }

    @Test func `finds sets and removes by name`() {
        var table = AMQPTable([.init(name: "a", value: .int32(1)), .init(name: "b", value: .void), .init(name: "a", value: .int32(2))])
        #expect(table["a"] == .int32(1))
        table["a"] = .int32(3)
        #expect(table == ["a": .int32(3), "b": .void])
        table["c"] = true
        table["b"] = nil
        #expect(table == ["a": .int32(3), "c": true])
        #expect(table["missing"] == nil)
    }

    @Test(arguments: 0..<50) func `changes a received table as a list of entries is changed`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var built = Self.randomTable(depth: 0, &generator)
        let names = ["a", "b", "", "CC", "motivo"]
        for name in names where Bool.random(using: &generator) {
            var entries = built.entries
            let place = Int.random(in: 0...entries.count, using: &generator)
            entries.insert(.init(name: name, value: Self.randomValue(depth: 1, &generator)), at: place)
            built = AMQPTable(entries)
        }
        var received = try #require(AMQPTable(wireBytes: try built.wireBytes()))
        for _ in 0..<20 {
            let name = try #require(names.randomElement(using: &generator))
            #expect(received[name] == built[name])
            let value = Bool.random(using: &generator) ? Self.randomValue(depth: 1, &generator) : nil
            received[name] = value
            var entries = built.entries
            let first = entries.firstIndex { $0.name == name } ?? entries.endIndex
            entries.removeAll { $0.name == name }
            if let value { entries.insert(.init(name: name, value: value), at: first) }
            built = AMQPTable(entries)
            #expect(received == built && received.isEmpty == built.isEmpty)
            #expect(try received.wireBytes() == built.wireBytes())
        }
    }

    @Test func `keeps the bytes of what was received`() throws {
        // As many values as a frame of 128 KiB holds.
        let content = Array(repeating: [0, UInt8(ascii: "t"), 7] as [UInt8], count: 43_000).joined() + [1, 0x61, UInt8(ascii: "V")]
        let bytes = UInt32(content.count).wire + content
        var table = try #require(AMQPTable(wireBytes: bytes))
        #expect(table["a"] == .void)
        // Unchanged, although 7 is no way to write true.
        #expect(try table.wireBytes() == bytes)
        table["a"] = nil
        table["motivo"] = "x"
        #expect(try table.wireBytes().count == bytes.count - 3 + 13)
    }

    @Test func `a table with an entry that cannot be written is refused`() throws {
        var table = try #require(AMQPTable(wireBytes: try (["a": .void] as AMQPTable).wireBytes()))
        table[String(repeating: "n", count: 256)] = true
        #expect(table["a"] == .void && !table.isEmpty)
        #expect(throws: AMQPError.self) { try table.wireBytes() }
    }

    @Test func `reads text and integers of every kind`() {
        #expect(AMQPValue.string("é").stringValue == "é")
        #expect(AMQPValue.longString([0xFF]).stringValue == nil)
        #expect(AMQPValue.bytes([0x61]).stringValue == nil && AMQPValue.void.stringValue == nil)
        let integers: [(AMQPValue, Int64?)] = [
            (.int8(-8), -8), (.uint8(200), 200), (.int16(-300), -300), (.uint16(60_000), 60_000), (.int32(-70_000), -70_000),
            (.uint32(4_000_000_000), 4_000_000_000), (.int64(.min), .min), (.uint64(7), 7), (.uint64(.max), nil), (.bool(true), nil),
            (.timestamp(7), nil), ("7", nil),
        ]
        for (value, expected) in integers { #expect(value.integerValue == expected) }
    }

    static func randomTable(depth: Int, _ generator: inout SeededGenerator) -> AMQPTable {
        let count = depth == 0 ? 12 : Int.random(in: 0...3, using: &generator)
        return AMQPTable(
            (0..<count).map { _ in
                AMQPTable.Entry(
                    nameBytes: generator.bytes(.random(in: 0...9, using: &generator)), value: Self.randomValue(depth: depth, &generator))
            })
    }

    static func randomValue(depth: Int, _ generator: inout SeededGenerator) -> AMQPValue {
        let bits = generator.next()
        switch Int.random(in: 0...(depth < 5 ? 18 : 15), using: &generator) {
        case 0: return .bool(bits & 1 == 0)
        case 1: return .int8(Int8(truncatingIfNeeded: bits))
        case 2: return .uint8(UInt8(truncatingIfNeeded: bits))
        case 3: return .int16(Int16(truncatingIfNeeded: bits))
        case 4: return .uint16(UInt16(truncatingIfNeeded: bits))
        case 5: return .int32(Int32(truncatingIfNeeded: bits))
        case 6: return .uint32(UInt32(truncatingIfNeeded: bits))
        case 7: return .int64(Int64(bitPattern: bits))
        case 8: return .uint64(bits)
        case 9: return .float(bits: UInt32(truncatingIfNeeded: bits))
        case 10: return .double(bits: bits)
        case 11: return .decimal(scale: UInt8(truncatingIfNeeded: bits), value: UInt32(truncatingIfNeeded: bits >> 8))
        case 12: return .string("texto ção \(bits)")
        case 13: return .longString([0xC3] + generator.bytes(3).map { $0 & 0x7F })
        case 14: return .bytes(generator.bytes(5))
        case 15: return .timestamp(bits)
        case 16: return .void
        case 17: return .array((0..<3).map { _ in Self.randomValue(depth: depth + 1, &generator) })
        default: return .table(Self.randomTable(depth: depth + 1, &generator))
        }
    }
}
