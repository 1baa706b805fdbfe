/// A field table: names with values, in order, duplicates included, as it came or is to be sent.
public struct AMQPTable: Sendable, Hashable {
    /// Tables and arrays inside one another are read down to this depth; what is deeper stays ``AMQPValue/unread(kind:_:)``.
    public static let nestingMax = 32

    /// A name and its value.
    public struct Entry: Sendable, Hashable {
        /// The name's bytes; at most 255 can be sent.
        public var nameBytes: [UInt8]
        /// The value.
        public var value: AMQPValue

        /// The name as text; what is not UTF-8 is shown as U+FFFD.
        public var name: String { String(decoding: self.nameBytes, as: UTF8.self) }

        /// An entry with a name in UTF-8.
        public init(name: String, value: AMQPValue) {
            self.nameBytes = Array(name.utf8)
            self.value = value
        }

        init(nameBytes: [UInt8], value: AMQPValue) {
            self.nameBytes = nameBytes
            self.value = value
        }
    }

    /// The entries in the order of the wire.
    public var entries: [Entry]

    /// A table of these entries.
    public init(_ entries: [Entry] = []) { self.entries = entries }

    /// Whether there is no entry.
    public var isEmpty: Bool { self.entries.isEmpty }

    /// The first value of that name. Setting replaces the first and removes the others, or appends; nil removes all.
    public subscript(name: String) -> AMQPValue? {
        get {
            self.entries.first { $0.nameBytes.elementsEqual(name.utf8) }?.value
        }
        set {
            let first = self.entries.firstIndex { $0.nameBytes.elementsEqual(name.utf8) }
            guard let newValue else {
                self.entries.removeAll { $0.nameBytes.elementsEqual(name.utf8) }
                return
            }
            guard let first else {
                self.entries.append(Entry(name: name, value: newValue))
                return
            }
            self.entries[first].value = newValue
            var kept = first + 1
            while kept < self.entries.count {
                if self.entries[kept].nameBytes.elementsEqual(name.utf8) { self.entries.remove(at: kept) } else { kept += 1 }
            }
        }
    }
}

extension AMQPTable: ExpressibleByDictionaryLiteral {
    /// A table in the order of the literal.
    public init(dictionaryLiteral elements: (String, AMQPValue)...) {
        self.init(elements.map { Entry(name: $0.0, value: $0.1) })
    }
}
