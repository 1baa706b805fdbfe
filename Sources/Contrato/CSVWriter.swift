/// Writes CSV (RFC 4180) to bytes: UTF-8, a header row, CRLF after every row. With ``Separador/pontoEVirgula`` the file begins with a byte
/// order mark, without which Excel reads it as Windows-1252.
///
/// Spreadsheets run a cell that begins with `=`, `+`, `-`, `@` or a control character as a formula. In a text from a caller such a character
/// gets an apostrophe before it, which marks it as text (OWASP, CSV Injection), wherever a reader may begin a cell. Amounts, dates and counts
/// are written by this program and stay unchanged.
package struct CSVWriter {
    /// The separator of cells, which also decides the decimal separator.
    package enum Separador: String, Sendable, CaseIterable {
        /// `,` and decimal points, for programs.
        case virgula
        /// `;` and decimal commas, for spreadsheets with Brazilian settings.
        case pontoEVirgula = "ponto-e-virgula"
    }

    package static let contentType = "text/csv; charset=utf-8; header=present"

    package private(set) var bytes: [UInt8] = []
    private let separador: Separador
    private var rowHasCell = false

    package init(separador: Separador, reservedBytes: Int = 1024) {
        self.separador = separador
        self.bytes.reserveCapacity(reservedBytes)
    }

    package mutating func header(_ names: [String]) {
        if self.separador == .pontoEVirgula { self.bytes.append(contentsOf: [0xEF, 0xBB, 0xBF]) }
        for name in names { self.verbatim(name) }
        self.endRow()
    }

    /// Writes a text that a caller sent; nil is an empty cell.
    package mutating func text(_ text: String?) {
        guard let text else { return self.verbatim("") }
        self.verbatim(CSVWriter.harmless(text))
    }

    /// Writes an amount, such as `-12.30`.
    package mutating func amount(_ decimal: String) {
        self.verbatim(self.separador == .virgula ? decimal : decimal.replacing(".", with: ","))
    }

    /// Writes a value that no spreadsheet reads as a formula: a date, an id, a count, a known word; nil is an empty cell.
    package mutating func verbatim(_ text: String?) {
        if self.rowHasCell { self.bytes.append(UInt8(ascii: self.separador == .virgula ? "," : ";")) }
        self.rowHasCell = true
        guard let text else { return }
        guard text.utf8.contains(where: CSVWriter.needsQuotes) else {
            self.bytes.append(contentsOf: text.utf8)
            return
        }
        self.bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { self.bytes.append(byte) }
            self.bytes.append(byte)
        }
        self.bytes.append(UInt8(ascii: "\""))
    }

    package mutating func endRow() {
        self.bytes.append(contentsOf: [0x0D, 0x0A])
        self.rowHasCell = false
    }

    /// Returns and removes the bytes written so far, for a body that is sent in pieces.
    package mutating func take() -> [UInt8] {
        defer { self.bytes.removeAll(keepingCapacity: true) }
        return self.bytes
    }

    /// Returns the text with an apostrophe before each character that would begin a formula: at the start, and after a separator, a tab or a
    /// line break, where a reader with the other separator begins a cell.
    private static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: self.beginsFormula) else { return text }
        var scalars = String.UnicodeScalarView()
        var beginsCell = true
        for scalar in text.unicodeScalars {
            if beginsCell, self.beginsFormula(scalar), scalars.isEmpty || !self.endsCell(scalar) { scalars.append("'") }
            scalars.append(scalar)
            beginsCell = self.endsCell(scalar)
        }
        return String(scalars)
    }

    /// Returns the text that was written as this one, without the apostrophes of ``text(_:)``.
    package static func original(_ text: String) -> String {
        guard text.contains("'") else { return text }
        var scalars = String.UnicodeScalarView()
        var beginsCell = true
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            let marks = rest.first.map { self.beginsFormula($0) && (scalars.isEmpty || !self.endsCell($0)) } ?? false
            let isMark = beginsCell && scalar == "'" && marks
            if !isMark { scalars.append(scalar) }
            beginsCell = !isMark && self.endsCell(scalar)
        }
        return String(scalars)
    }

    private static func beginsFormula(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠": true
        default: false
        }
    }

    private static func endsCell(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case ",", ";", "\t", "\r", "\n": true
        default: false
        }
    }

    /// Both separators, so that a file opened with the other one keeps its columns.
    private static func needsQuotes(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: ";"), 0x09, 0x0A, 0x0D: true
        default: false
        }
    }
}
