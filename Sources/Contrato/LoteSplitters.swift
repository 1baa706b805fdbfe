/// Splits the body of a lote into its entries as it arrives.
package protocol LoteSplitter: Sendable {
    /// The entries that end in some bytes, up to the first fault. A fault ends the body.
    typealias Received = (pieces: [LotePiece], failure: LoteFault?)

    /// Whether entries can be answered: always for lines, after the `[` for an array.
    var hasBegun: Bool { get }

    mutating func receive(_ bytes: [UInt8]) -> Received

    /// Ends the body.
    mutating func finish() -> Received

    /// Where a file has what a member of an entry says, in Portuguese; nil where nothing but the member's name says it.
    func place(of member: String) -> String?
}

extension LoteSplitter {
    package func place(of member: String) -> String? { nil }
}

/// Why the rest of a body cannot be read.
package enum LoteFault: Hashable, Sendable {
    case json(JSONError)
    /// What is wrong with a file, in Portuguese, without anything of its contents.
    case file(String)

    package var problema: Problema {
        switch self {
        case .json(let error): Problema(error)
        case .file(let detail): Problema(.ilegivel, detail: detail)
        }
    }
}

/// Splits a JSON array into its elements as it arrives.
///
/// It finds only where each element ends; ``JSONReader`` reads the elements. A fault between elements ends the array.
package struct ArraySplitter: LoteSplitter {
    private enum State {
        /// Only white space so far.
        case before
        /// After `[`: an element or the end.
        case open
        /// After a comma: an element.
        case afterComma
        case element(Position)
        /// After an element: a comma or the end.
        case afterElement
        /// After `]`: only white space.
        case closed
        case failed
    }

    /// The position inside an element.
    private enum Position {
        /// Nested objects and arrays, counted by their brackets.
        case nested(depth: Int)
        case nestedText(depth: Int)
        case nestedEscape(depth: Int)
        case text
        case escape
        /// A number or a literal: it ends before a delimiter.
        case other
    }

    private var state = State.before
    private var collector = LotePiece.Collector()
    private var offset = 0
    package private(set) var hasBegun = false

    package init() {}

    /// Returns the elements that end in these bytes, up to the first fault. After a fault it returns nothing more.
    package mutating func receive(_ bytes: [UInt8]) -> Received {
        var pieces: [LotePiece] = []
        var index = 0
        while index < bytes.count {
            if case .element(let position) = self.state {
                index = self.readInside(position, bytes, from: index, &pieces)
            } else if self.readBetween(bytes[index]) {
                index += 1
            } else {
                defer { self.state = .failed }
                if case .failed = self.state { return (pieces, nil) }
                return (pieces, .json(JSONError(position: self.offset + index, reason: .unexpectedCharacter)))
            }
        }
        self.offset += bytes.count
        return (pieces, nil)
    }

    /// Returns the fault of a body that ends here, if any.
    package mutating func finish() -> Received {
        switch self.state {
        case .closed, .failed: ([], nil)
        case .before: ([], .json(JSONError(position: self.offset, reason: .empty)))
        default: ([], .json(JSONError(position: self.offset, reason: .unexpectedEnd)))
        }
    }

    /// Reads a byte outside elements; returns false if it is not allowed there.
    private mutating func readBetween(_ byte: UInt8) -> Bool {
        if ArraySplitter.isBlank(byte) { return true }
        switch (self.state, byte) {
        case (.before, UInt8(ascii: "[")):
            self.state = .open
            self.hasBegun = true
        case (.open, UInt8(ascii: "]")), (.afterElement, UInt8(ascii: "]")): self.state = .closed
        case (.afterElement, UInt8(ascii: ",")): self.state = .afterComma
        case (.open, _), (.afterComma, _): return self.begin(byte)
        default: return false
        }
        return true
    }

    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["): self.state = .element(.nested(depth: 1))
        case UInt8(ascii: "\""): self.state = .element(.text)
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":"): return false
        default: self.state = .element(.other)
        }
        self.collector.append(CollectionOfOne(byte))
        return true
    }

    /// Reads inside an element; returns the index of the next byte.
    private mutating func readInside(_ position: Position, _ bytes: [UInt8], from start: Int, _ pieces: inout [LotePiece]) -> Int {
        var position = position
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if case .other = position, ArraySplitter.isBlank(byte) || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") {
                return self.endElement(bytes[start..<index], &pieces, next: index)
            }
            index += 1
            guard let next = ArraySplitter.next(position, byte) else {
                return self.endElement(bytes[start..<index], &pieces, next: index)
            }
            position = next
        }
        self.collector.append(bytes[start...])
        self.state = .element(position)
        return index
    }

    private mutating func endElement(_ bytes: ArraySlice<UInt8>, _ pieces: inout [LotePiece], next: Int) -> Int {
        self.collector.append(bytes)
        pieces.append(self.collector.take())
        self.state = .afterElement
        return next
    }

    /// Returns the position after this byte; nil if the byte ends the element.
    private static func next(_ position: Position, _ byte: UInt8) -> Position? {
        switch (position, byte) {
        case (.nested(let depth), UInt8(ascii: "{")), (.nested(let depth), UInt8(ascii: "[")): .nested(depth: depth + 1)
        case (.nested(let depth), UInt8(ascii: "}")), (.nested(let depth), UInt8(ascii: "]")):
            depth == 1 ? nil : .nested(depth: depth - 1)
        case (.nested(let depth), UInt8(ascii: "\"")): .nestedText(depth: depth)
        case (.nestedText(let depth), UInt8(ascii: "\"")): .nested(depth: depth)
        case (.nestedText(let depth), UInt8(ascii: "\\")): .nestedEscape(depth: depth)
        case (.nestedEscape(let depth), _): .nestedText(depth: depth)
        case (.text, UInt8(ascii: "\"")): nil
        case (.text, UInt8(ascii: "\\")): .escape
        case (.escape, _): .text
        default: position
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}

/// Splits NDJSON into its lines as it arrives. A line ends at LF or at the end of the body; blank lines are skipped.
package struct LineSplitter: LoteSplitter {
    /// The line break may be CRLF, whose CR does not count.
    private var line = LotePiece.Collector(bytesMax: LotePiece.bytesMax + 1)
    private var hasContent = false

    package init() {}

    package var hasBegun: Bool { true }

    /// Returns the lines that end in these bytes.
    package mutating func receive(_ bytes: [UInt8]) -> Received {
        var pieces: [LotePiece] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            self.append(rest[..<end])
            self.endLine(&pieces)
            rest = rest[(end + 1)...]
        }
        self.append(rest)
        return (pieces, nil)
    }

    /// Returns the last line if only the end of the body ended it.
    package mutating func finish() -> Received {
        var pieces: [LotePiece] = []
        self.endLine(&pieces)
        return (pieces, nil)
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) {
        if !self.hasContent, bytes.contains(where: { !LineSplitter.isBlank($0) }) { self.hasContent = true }
        self.line.append(bytes)
    }

    private mutating func endLine(_ pieces: inout [LotePiece]) {
        let piece = self.line.take(endsLine: true)
        // A blank line over the limit is discarded as well.
        if self.hasContent { pieces.append(piece) }
        self.hasContent = false
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D
    }
}

/// One entry of a lote's body, not yet read.
package struct LotePiece: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// The bytes of an entry as JSON. Of a body of JSON they are at most ``bytesMax``.
        case lancamento([UInt8])
        /// An entry over the limit; its bytes are discarded.
        case tooLarge
        /// A row of a file that is no entry.
        case malformed(RowFault)
    }

    package let content: Content
    /// The line of a file where the entry begins, from 1; nil for JSON, whose entries are counted.
    package let line: Int?

    package init(_ content: Content, line: Int? = nil) {
        self.content = content
        self.line = line
    }

    /// The most bytes of an entry, the same as for the body of a single entry.
    package static let bytesMax = 65_536

    /// Collects the bytes of an entry up to the limit.
    struct Collector {
        private let bytesMax: Int
        private var bytes: [UInt8] = []
        private var isTooLong = false

        init(bytesMax: Int = LotePiece.bytesMax) {
            self.bytesMax = bytesMax
        }

        mutating func append(_ more: some Collection<UInt8>) {
            guard !self.isTooLong else { return }
            guard self.bytes.count + more.count <= self.bytesMax else {
                self.isTooLong = true
                self.bytes = []
                return
            }
            self.bytes.append(contentsOf: more)
        }

        /// Returns what was collected and starts the next entry.
        /// - Parameter endsLine: whether a CR at the end belongs to the line break.
        mutating func take(endsLine: Bool = false) -> LotePiece {
            defer { self = Collector(bytesMax: self.bytesMax) }
            if endsLine, self.bytes.last == 0x0D { self.bytes.removeLast() }
            return LotePiece(self.isTooLong || self.bytes.count > LotePiece.bytesMax ? .tooLarge : .lancamento(self.bytes))
        }
    }
}

/// Why a row of a table is not read as an entry.
package enum RowFault: UInt8, Hashable, Sendable, CaseIterable {
    case tooManyCells
    case otherAccount

    /// What is accepted, in Portuguese.
    package var mensagem: String {
        switch self {
        case .tooManyCells: "A linha tem mais células que o cabeçalho; um valor com o separador precisa de aspas."
        case .otherAccount: "A coluna `conta` é diferente da conta do parâmetro `conta`."
        }
    }
}
