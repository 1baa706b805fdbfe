package import Contrato
import Crypto
package import FluxoDeCaixa

/// Splits a table (CSV) into its rows as it arrives, each written as the line of a lote that registers it.
///
/// A header row names the columns, in any order: those of the extract. Without a key of its own a row gets `csv:` and the hash of what it
/// says, and equal rows of one file a number: importing the same file again registers nothing.
package struct CSVSplitter: LoteSplitter {
    private enum Column: String, CaseIterable {
        case conta, tipo, valor, data, moeda, natureza, descricao, categoria, referencia, metadados, chave
        // What registering adds, in an extract.
        case id, registradoEm = "registrado_em", registradoPor = "registrado_por", canal, estornoDe = "estorno_de",
            estornadoPor = "estornado_por"
    }

    private let conta: Conta
    private var rows = CSVRows()
    private var columns: [Column] = []
    /// The names of the columns as the header has them.
    private var titles: [Column: String] = [:]
    private var hasFailed = false
    private var beginning: [UInt8] = []
    private var repetitions = Repetitions()

    package private(set) var hasBegun = false

    /// - Parameter conta: the account of every entry.
    package init(conta: Conta) {
        self.conta = conta
    }

    package mutating func receive(_ bytes: [UInt8]) -> Received {
        guard !self.hasFailed else { return ([], nil) }
        if self.beginning.count < 4 {
            self.beginning += bytes.prefix(4 - self.beginning.count)
            if let refusal = FileText.refusal(ofFileBeginning: self.beginning) { return self.fail(refusal) }
        }
        return self.read(self.rows.receive(bytes))
    }

    package mutating func finish() -> Received {
        guard !self.hasFailed else { return ([], nil) }
        let received = self.read(self.rows.finish())
        guard received.failure == nil, !self.hasBegun else { return received }
        return self.fail("O CSV não tem a linha de cabeçalho, com os nomes das colunas.")
    }

    private mutating func fail(_ detail: String) -> Received {
        self.hasFailed = true
        return ([], .file(detail))
    }

    private mutating func read(_ rows: [CSVRows.Placed]) -> Received {
        var pieces: [LotePiece] = []
        for placed in rows {
            switch placed.row {
            case .cells(let cells) where !self.hasBegun:
                if let refusal = self.readHeader(cells) { return self.fail(refusal) }
                self.hasBegun = true
            case .tooLarge where !self.hasBegun: return self.fail("O cabeçalho do CSV tem mais de \(LotePiece.bytesMax) bytes.")
            case .cells(let cells): pieces.append(LotePiece(self.read(cells), line: placed.line))
            case .tooLarge: pieces.append(LotePiece(.tooLarge, line: placed.line))
            }
        }
        return (pieces, nil)
    }

    package func place(of member: String) -> String? {
        guard var column = Column(rawValue: member) else { return nil }
        // Without a column for it the sign of the amount is the kind.
        if column == .tipo, self.titles[.tipo] == nil { column = .valor }
        guard let title = self.titles[column] else { return nil }
        return switch column {
        case .valor: "coluna `\(title)`, com ponto ou vírgula decimal"
        case .data: "coluna `\(title)`, como `AAAA-MM-DD` ou `DD/MM/AAAA`"
        default: "coluna `\(title)`"
        }
    }

    // MARK: - Header

    /// Reads the names of the columns.
    /// - Returns: why they are not accepted.
    private mutating func readHeader(_ cells: [String]) -> String? {
        let accepted = Column.allCases.map(\.rawValue).joined(separator: ", ")
        var names = cells.map(Self.folded)
        // A separator at the end of the row.
        while names.last?.isEmpty ?? false { names.removeLast() }
        for (name, title) in zip(names, cells) {
            guard let column = Column(rawValue: name) else {
                return "O cabeçalho do CSV tem uma coluna desconhecida, a \(self.columns.count + 1)ª. São aceitas: \(accepted)."
            }
            guard !self.columns.contains(column) else { return "O cabeçalho do CSV tem a coluna `\(column.rawValue)` mais de uma vez." }
            self.columns.append(column)
            self.titles[column] = FileText.collapse(title)
        }
        for required in [Column.data, .valor] where !self.columns.contains(required) {
            return "Falta no cabeçalho do CSV a coluna `\(required.rawValue)`."
        }
        return nil
    }

    /// Returns a name in lower case and without the accents of Portuguese: `Descrição` is `descricao`.
    private static func folded(_ name: String) -> String {
        let accents: [Character: Character] = [
            "á": "a", "à": "a", "â": "a", "ã": "a", "é": "e", "ê": "e", "í": "i", "ó": "o", "ô": "o", "õ": "o", "ú": "u", "ç": "c",
            " ": "_",
        ]
        return String(FileText.collapse(name).lowercased().map { accents[$0] ?? $0 })
    }

    // MARK: - Rows

    private mutating func read(_ cells: [String]) -> LotePiece.Content {
        let written = Dictionary(uniqueKeysWithValues: zip(self.columns, cells).filter { !FileText.collapse($1).isEmpty })
        // An amount with a comma that is not in quotes makes two cells.
        guard cells.dropFirst(self.columns.count).allSatisfy({ FileText.collapse($0).isEmpty }) else { return .malformed(.tooManyCells) }
        if let conta = written[.conta], FileText.collapse(conta) != self.conta.nome { return .malformed(.otherAccount) }
        var entry = self.entry(written.mapValues(FileText.collapse))
        // Texts stay as they are, so that an entry of our own extract has the content that was registered.
        entry.descricao = written[.descricao].map(CSVWriter.original)
        entry.categoria = written[.categoria].map(CSVWriter.original)
        entry.referencia = written[.referencia].map(CSVWriter.original)
        entry.metadados = written[.metadados].map { (try? JSONReader.read(Array(CSVWriter.original($0).utf8))) ?? .string($0) }
        let chave = written[.chave].map { CSVWriter.original(FileText.collapse($0)) }
        return .lancamento(entry.json(chave: chave ?? self.key(entry)))
    }

    /// Returns the members that are not free text.
    private func entry(_ written: [Column: String]) -> ImportedEntry {
        var entry = ImportedEntry(conta: self.conta.nome)
        entry.tipo = written[.tipo].map(Self.folded)
        if let valor = written[.valor] {
            let amount = FileAmount(valor, singleSeparator: .ambiguous)
            let isNegative = amount?.isNegative ?? valor.hasPrefix("-")
            if written[.tipo] == nil { entry.tipo = (isNegative ? Tipo.debito : .credito).rawValue }
            // With a column `tipo` the sign stays, and the reader refuses it.
            entry.valor = amount.map { (isNegative && written[.tipo] != nil ? "-" : "") + $0.text } ?? valor
        }
        // A line of a lote may leave its day out; a row of a file without one is a total or a remark.
        entry.data = written[.data].map(Self.day) ?? ""
        entry.moeda = written[.moeda]
        entry.natureza = written[.natureza].map(Self.folded)
        return entry
    }

    private mutating func key(_ entry: ImportedEntry) -> String {
        let digest = SHA256.hash(data: entry.content)
        let count = self.repetitions.count(digest)
        return "csv:\(digest.hexadecimal)\(count == 1 ? "" : "#\(count)")"
    }

    /// `31/01/2026` as `2026-01-31`; anything else as it is.
    private static func day(_ text: String) -> String {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 2, parts[1].utf8.count == 2, parts[2].utf8.count == 4 else { return text }
        return "\(parts[2])-\(parts[1])-\(parts[0])"
    }
}
