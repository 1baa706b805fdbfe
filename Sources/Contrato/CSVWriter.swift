/// Writes CSV (RFC 4180) to bytes: UTF-8 without a byte order mark, CRLF after every row, the names of the columns first.
///
/// A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@` or a control character as a formula, whoever wrote it. Such texts get an
/// apostrophe in front, which spreadsheets take as "this is text" (OWASP, CSV Injection). Amounts, dates and counts are our own and stay as
/// they are.
package struct CSVWriter {
    /// What stands between two cells, and with it how amounts are written.
    package enum Separador: String, Sendable, CaseIterable {
        /// `,` and decimal points: what programs read.
        case virgula
        /// `;` and decimal commas: what a spreadsheet with Brazilian settings opens.
        case pontoEVirgula = "ponto-e-virgula"
    }

    /// The media type of the whole.
    package static let contentType = "text/csv; charset=utf-8; header=present"

    /// What has been written so far.
    package private(set) var bytes: [UInt8] = []
    private let separador: Separador
    private var linhaTemCelula = false

    /// Nothing written yet.
    package init(separador: Separador, capacidadeEmBytes: Int = 1024) {
        self.separador = separador
        bytes.reserveCapacity(capacidadeEmBytes)
    }

    /// The first row.
    package mutating func header(_ nomes: [String]) {
        for nome in nomes { verbatim(nome) }
        endRow()
    }

    /// A cell with a text that somebody sent; absent, an empty cell.
    package mutating func text(_ texto: String?) {
        guard let texto else { return verbatim("") }
        verbatim(CSVWriter.parecemFormula(texto) ? "'" + texto : texto)
    }

    /// A cell with decimal text of ours, such as `-12.30`.
    package mutating func amount(_ decimal: String) {
        verbatim(separador == .virgula ? decimal : decimal.replacing(".", with: ","))
    }

    /// A cell with something of ours that no spreadsheet could misread: a date, an id, a count, a known word.
    package mutating func verbatim(_ texto: String?) {
        if linhaTemCelula { bytes.append(UInt8(ascii: separador == .virgula ? "," : ";")) }
        linhaTemCelula = true
        guard let texto else { return }
        guard texto.utf8.contains(where: CSVWriter.pedeAspas) else {
            bytes.append(contentsOf: texto.utf8)
            return
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in texto.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Ends the row.
    package mutating func endRow() {
        bytes.append(contentsOf: [0x0D, 0x0A])
        linhaTemCelula = false
    }

    /// Hands over what was written and goes on empty, for a body that is sent in pieces.
    package mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    private static func parecemFormula(_ texto: String) -> Bool {
        switch texto.unicodeScalars.first {
        case "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠": true
        default: false
        }
    }

    /// Both separators, so that a file opened with the other one keeps its columns.
    private static func pedeAspas(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: ";"), 0x09, 0x0A, 0x0D: true
        default: false
        }
    }
}
