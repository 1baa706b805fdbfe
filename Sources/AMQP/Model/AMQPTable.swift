/// A field table: names with values, in order, duplicates included, as it came or is to be sent.
///
/// One that was received stays in the bytes in which it came, checked but not taken apart, until somebody asks for a value: a sender can put
/// tens of thousands of tiny values into one frame, which would cost megabytes as values and may wait in memory with a thousand others.
public struct AMQPTable: Sendable {
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

    enum Storage: Sendable {
        case entries([Entry])
        /// As on the wire, without the length in front. Can be read to its end.
        case wire([UInt8])
    }

    private(set) var storage: Storage

    /// The entries in the order of the wire. Takes a table that was received apart, each time.
    public var entries: [Entry] {
        get {
            switch self.storage {
            case .entries(let entries): entries
            case .wire(let content): TableReader.entries(content)
            }
        }
        set { self.storage = .entries(newValue) }
    }

    /// A table of these entries.
    public init(_ entries: [Entry] = []) { self.storage = .entries(entries) }

    /// - Parameter content: can be read to its end.
    init(checkedContent content: [UInt8]) { self.storage = .wire(content) }

    /// Whether there is no entry.
    public var isEmpty: Bool {
        switch self.storage {
        case .entries(let entries): entries.isEmpty
        case .wire(let content): content.isEmpty
        }
    }

    /// The first value of that name. Setting replaces the first and removes the others, or appends; nil removes all.
    public subscript(name: String) -> AMQPValue? {
        get {
            switch self.storage {
            case .entries(let entries): entries.first { $0.nameBytes.elementsEqual(name.utf8) }?.value
            case .wire(let content): TableReader.value(of: name, in: content)
            }
        }
        set {
            if case .wire(let content) = self.storage, let changed = TableReader.setting(name, to: newValue, in: content) {
                self.storage = .wire(changed)
                return
            }
            self.set(name, newValue)
        }
    }

    private mutating func set(_ name: String, _ newValue: AMQPValue?) {
        var entries = self.entries
        let first = entries.firstIndex { $0.nameBytes.elementsEqual(name.utf8) }
        if let newValue {
            if let first { entries[first].value = newValue } else { entries.append(Entry(name: name, value: newValue)) }
        }
        var kept: [Entry] = []
        for (index, entry) in entries.enumerated()
        where !entry.nameBytes.elementsEqual(name.utf8) || (newValue != nil && index == (first ?? index)) {
            kept.append(entry)
        }
        self.storage = .entries(kept)
    }
}

extension AMQPTable: Hashable {
    /// By names and values, whether they are taken apart yet or not.
    public static func == (left: Self, right: Self) -> Bool { left.entries == right.entries }

    /// As equality does.
    public func hash(into hasher: inout Hasher) { hasher.combine(self.entries) }
}

extension AMQPTable: ExpressibleByDictionaryLiteral {
    /// A table in the order of the literal.
    public init(dictionaryLiteral elements: (String, AMQPValue)...) {
        self.init(elements.map { Entry(name: $0.0, value: $0.1) })
    }
}
