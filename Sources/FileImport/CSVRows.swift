import Contrato

/// Splits CSV (RFC 4180) into rows of cells as it arrives. The first row that is not blank decides the separator.
///
/// A row ends at LF, CRLF or the end of the file; blank rows are skipped. A cell may contain both separators, quotes and line breaks
/// inside quotes.
struct CSVRows {
    enum Row: Equatable {
        case cells([String])
        /// Longer than an entry may be; its bytes are discarded.
        case tooLarge
    }

    /// A row and the line where it begins, from 1.
    struct Placed: Equatable {
        var row: Row
        var line: Int
    }

    private enum State {
        case cellStart
        case bare
        case quoted
        /// After a quote inside quotes: the end of the cell, or a quote of its text.
        case quote
    }

    private var state = State.cellStart
    private var separator: UInt8?
    private var header: [UInt8] = []
    private var cells: [[UInt8]] = []
    private var cell: [UInt8] = []
    /// The bytes of the row, without the line feed that ends it.
    private var rowBytes = 0
    /// Whether the last byte was a carriage return.
    private var isAfterCR = false
    private var line = 1
    private var firstLine = 1
    private var isAtStart = true

    /// Returns the rows that end in these bytes.
    mutating func receive(_ bytes: [UInt8]) -> [Placed] {
        var rows: [Placed] = []
        for byte in bytes { self.receive(byte, &rows) }
        return rows
    }

    /// Returns the last row if only the end of the file ended it.
    mutating func finish() -> [Placed] {
        var rows: [Placed] = []
        if self.separator == nil { self.readHeader(&rows) }
        self.endRow(&rows)
        return rows
    }

    private mutating func receive(_ byte: UInt8, _ rows: inout [Placed]) {
        guard self.separator == nil else { return self.read(byte, &rows) }
        self.header.append(byte)
        guard byte == UInt8(ascii: "\n") || self.header.count > LotePiece.bytesMax else { return }
        self.readHeader(&rows)
    }

    /// Chooses the separator and reads the bytes that were held for it.
    private mutating func readHeader(_ rows: inout [Placed]) {
        var held = self.header[...]
        self.header = []
        if self.isAtStart, held.starts(with: [0xEF, 0xBB, 0xBF]) { held = held.dropFirst(3) }
        self.isAtStart = false
        guard held.contains(where: { !Self.isBlank($0) }) else {
            self.line += held.count { $0 == UInt8(ascii: "\n") }
            return
        }
        let semicolons = held.count { $0 == UInt8(ascii: ";") }
        let commas = held.count { $0 == UInt8(ascii: ",") }
        self.separator = semicolons > commas ? UInt8(ascii: ";") : UInt8(ascii: ",")
        self.firstLine = self.line
        for byte in held { self.read(byte, &rows) }
    }

    private mutating func read(_ byte: UInt8, _ rows: inout [Placed]) {
        let isLineEnd = byte == UInt8(ascii: "\n")
        defer {
            self.isAfterCR = byte == 0x0D
            if isLineEnd { self.line += 1 }
        }
        // A quote that nobody closed must not hide the rest of the file.
        if isLineEnd, self.isTooLarge {
            self.endRow(&rows)
            self.firstLine = self.line + 1
            return
        }
        self.rowBytes += 1
        let isQuote = byte == UInt8(ascii: "\"")
        switch self.state {
        case .quoted where isQuote: self.state = .quote
        case .quoted: self.append(byte)
        case .quote where isQuote:
            self.append(byte)
            self.state = .quoted
        case .cellStart where isQuote: self.state = .quoted
        case _ where isLineEnd:
            self.rowBytes -= 1
            self.endRow(&rows)
            self.firstLine = self.line + 1
        case _ where byte == self.separator:
            // The cells of a row over the limit are discarded.
            if self.rowBytes <= LotePiece.bytesMax { self.endCell() } else { self.state = .cellStart }
        default:
            self.append(byte)
            // Text after a closing quote is kept as it is written.
            self.state = .bare
        }
    }

    private mutating func append(_ byte: UInt8) {
        if self.rowBytes <= LotePiece.bytesMax { self.cell.append(byte) }
    }

    private mutating func endCell() {
        self.cells.append(self.cell)
        self.cell = []
        self.state = .cellStart
    }

    /// Whether the row is longer than an entry may be. The line break may be CRLF, whose CR does not count.
    private var isTooLarge: Bool { self.rowBytes - (self.isAfterCR ? 1 : 0) > LotePiece.bytesMax }

    private mutating func endRow(_ rows: inout [Placed]) {
        if self.isTooLarge {
            rows.append(Placed(row: .tooLarge, line: self.firstLine))
        } else {
            if case .bare = self.state, self.cell.last == 0x0D { self.cell.removeLast() }
            self.endCell()
            let cells = self.cells.map { FileText.decode($0) }
            if cells.contains(where: { !FileText.collapse($0).isEmpty }) { rows.append(Placed(row: .cells(cells), line: self.firstLine)) }
        }
        self.cells = []
        self.cell = []
        self.rowBytes = 0
        self.state = .cellStart
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D || byte == UInt8(ascii: ";") || byte == UInt8(ascii: ",")
    }
}
