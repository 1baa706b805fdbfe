/// A field table (AMQP 0-9-1, 4.2.5.5): names with values, in order, duplicates included.
///
/// A table is kept in its wire form. Names and values can be read and set; everything else is carried through byte for byte. Decoded, a
/// received table could take megabytes: one frame holds tens of thousands of tiny values, and a thousand messages may wait in memory.
public struct AMQPTable: Sendable, Hashable {
    private static let nameBytesMax = 255

    /// A name and its value.
    public struct Entry: Sendable, Hashable {
        /// The name's bytes; at most 255 can be sent.
        public var nameBytes: [UInt8]
        /// The value.
        public var value: AMQPValue

        /// The name as text; bytes that are not UTF-8 are shown as U+FFFD.
        public var name: String { String(decoding: self.nameBytes, as: UTF8.self) }

        /// An entry with a name in UTF-8.
        public init(name: String, value: AMQPValue) {
            self.init(nameBytes: Array(name.utf8), value: value)
        }

        init(nameBytes: [UInt8], value: AMQPValue) {
            self.nameBytes = nameBytes
            self.value = value
        }
    }

    /// The entries' bytes, without the length in front of them.
    private(set) var content: [UInt8] = []
    /// Whether a name of more than 255 bytes was set, here or in a table inside. It has no wire form and is left out of ``content``.
    private(set) var hasLongName = false

    /// A table of these entries.
    public init(_ entries: [Entry] = []) {
        for entry in entries { self.append(entry) }
    }

    /// Reads a table with its four bytes of length. Arrays and tables inside are not decoded.
    /// - Returns: nil if the bytes are not exactly one table.
    package init?(wireBytes: [UInt8]) {
        guard wireBytes.count >= 4, Int(UInt32(bigEndian: wireBytes.prefix(4))) == wireBytes.count - 4 else { return nil }
        self.content = Array(wireBytes.dropFirst(4))
        var end = 0
        while let place = self.place(at: end) { end = place.value.upperBound }
        guard end == self.content.count else { return nil }
    }

    /// The table with its four bytes of length.
    /// - Throws: ``AMQPError/Kind/invalidMessage`` if a name has more than 255 bytes.
    package func wireBytes() throws(AMQPError) -> [UInt8] {
        let content = try self.checkedContent()
        var bytes: [UInt8] = []
        bytes.append(bigEndian: UInt32(content.count))
        return bytes + content
    }

    /// The table without its length.
    /// - Throws: ``AMQPError/Kind/invalidMessage`` if a name has more than 255 bytes.
    func checkedContent() throws(AMQPError) -> [UInt8] {
        guard !self.hasLongName else {
            throw AMQPError(.invalidMessage, replyText: "a name in a field table has more than \(Self.nameBytesMax) bytes")
        }
        return self.content
    }

    /// Whether there is no entry.
    public var isEmpty: Bool { self.content.isEmpty && !self.hasLongName }

    /// The entries in order, decoded at each call. One whose name has more than 255 bytes is missing.
    public var entries: [Entry] {
        var entries: [Entry] = []
        var end = 0
        while let place = self.place(at: end) {
            entries.append(Entry(nameBytes: Array(self.content[place.name]), value: self.value(place)))
            end = place.value.upperBound
        }
        return entries
    }

    /// The first value of that name. Setting replaces the first and removes the others, or appends; nil removes all.
    public subscript(name: String) -> AMQPValue? {
        get {
            var end = 0
            while let place = self.place(at: end) {
                if self.content[place.name].elementsEqual(name.utf8) { return self.value(place) }
                end = place.value.upperBound
            }
            return nil
        }
        set {
            var changed = AMQPTable()
            changed.content.reserveCapacity(self.content.count + name.utf8.count + (newValue?.wireBytes.count ?? 0) + 1)
            changed.hasLongName = self.hasLongName
            var value = newValue
            var end = 0
            while let place = self.place(at: end) {
                if !self.content[place.name].elementsEqual(name.utf8) {
                    changed.content += self.content[end..<place.value.upperBound]
                } else if let first = value.take() {
                    changed.append(Entry(name: name, value: first))
                }
                end = place.value.upperBound
            }
            if let value { changed.append(Entry(name: name, value: value)) }
            self = changed
        }
    }

    // MARK: - The wire form

    /// Where an entry's name and value are in ``content``.
    private struct Place {
        var name: Range<Int>
        var value: Range<Int>
    }

    /// The entry that begins at an offset.
    /// - Returns: nil at the end, and where the bytes are not an entry.
    private func place(at offset: Int) -> Place? {
        guard offset < self.content.count else { return nil }
        let name = offset + 1..<offset + 1 + Int(self.content[offset])
        guard name.upperBound < self.content.count else { return nil }
        let start = name.upperBound
        let rest = self.content[(start + 1)...]
        guard let count = AMQPValue.contentBytes(kind: self.content[start], rest: rest), count <= rest.count else { return nil }
        return Place(name: name, value: start..<start + 1 + count)
    }

    private func value(_ place: Place) -> AMQPValue { AMQPValue(checked: Array(self.content[place.value])) }

    private mutating func append(_ entry: Entry) {
        self.hasLongName = self.hasLongName || entry.value.hasLongName
        guard let count = UInt8(exactly: entry.nameBytes.count) else {
            self.hasLongName = true
            return
        }
        self.content.append(count)
        self.content += entry.nameBytes
        self.content += entry.value.wireBytes
    }
}

extension AMQPTable: ExpressibleByDictionaryLiteral {
    /// A table in the order of the literal.
    public init(dictionaryLiteral elements: (String, AMQPValue)...) {
        self.init(elements.map { Entry(name: $0.0, value: $0.1) })
    }
}
