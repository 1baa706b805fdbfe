package import Contrato
import Crypto
package import FluxoDeCaixa

/// Splits a bank's file (OFX 1 and 2) into its transactions as it arrives, each written as the line of a lote that registers it.
///
/// Statements of accounts and of cards, several in one file. The key of a transaction is `ofx:<ACCTID>:<FITID>`: importing a file again
/// registers nothing.
package struct OFXSplitter: LoteSplitter {
    /// Before `<OFX>` a file has at most its headers, in bytes.
    private static let headersMaxBytes = 16_384
    /// The account and the currency of a statement are cut here: each of its transactions repeats them. OFX allows 22 and 3 characters.
    private static let accountScalarsMax = 256
    private static let currencyScalarsMax = 16

    private enum Field: String {
        case type = "TRNTYPE"
        case posted = "DTPOSTED"
        case amount = "TRNAMT"
        case id = "FITID"
        case checkNumber = "CHECKNUM"
        case reference = "REFNUM"
        case name = "NAME"
        case memo = "MEMO"
        case account = "ACCTID"
        case currency = "CURDEF"
        case transactionCurrency = "CURSYM"
    }

    private struct Transaction {
        let line: Int
        var fields: [Field: String] = [:]
    }

    private enum Position {
        case beforeFile
        case insideFile
        case afterFile
        case failed
    }

    private let conta: Conta
    private var tokenizer = OFXTokenizer()
    private var position = Position.beforeFile
    private var receivedBytes = 0
    private var account = ""
    private var currency: String?
    /// What was read so far of the account or the currency.
    private var statementText = ""
    private var transaction: Transaction?
    /// The element whose text follows.
    private var field: Field?
    /// An element inside which fields belong to somebody else: the other side of a transfer, the original currency.
    private var foreign: String?
    private var repetitions = Repetitions()
    private var beginning: [UInt8] = []

    package private(set) var hasBegun = false

    /// - Parameter conta: the account of every entry.
    package init(conta: Conta) {
        self.conta = conta
    }

    package mutating func receive(_ bytes: [UInt8]) -> Received {
        if case .failed = self.position { return ([], nil) }
        if self.beginning.count < 4 {
            self.beginning += bytes.prefix(4 - self.beginning.count)
            if let refusal = FileText.refusal(ofFileBeginning: self.beginning) { return self.fail([], refusal) }
        }
        self.receivedBytes += bytes.count
        var pieces: [LotePiece] = []
        for placed in self.tokenizer.receive(bytes) {
            switch placed.token {
            case .open(let name): self.open(name, placed.line, &pieces)
            case .close(let name): self.close(name, &pieces)
            case .text(let text): self.read(text)
            case .declaration:
                return self.fail(pieces, "O arquivo tem uma declaração (DTD) na linha \(placed.line); ela não é lida. Envie o OFX sem ela.")
            }
        }
        if case .beforeFile = self.position, self.receivedBytes > Self.headersMaxBytes { return self.fail(pieces, Self.noFile) }
        return (pieces, nil)
    }

    package mutating func finish() -> Received {
        switch self.position {
        case .failed, .afterFile: return ([], nil)
        case .beforeFile: return self.fail([], Self.noFile)
        case .insideFile:
            let place = self.transaction.map { "no meio da transação que começa na linha \($0.line)" } ?? "sem </OFX>"
            return self.fail([], "O arquivo OFX termina \(place); envie-o inteiro. O que veio antes vale.")
        }
    }

    private static let noFile = "O corpo não é um arquivo OFX: falta <OFX>."

    private mutating func fail(_ pieces: [LotePiece], _ detail: String) -> Received {
        self.position = .failed
        return (pieces, .file(detail))
    }

    package func place(of member: String) -> String? {
        switch member {
        case "tipo", "valor": "`\(Field.amount.rawValue)`, cujo sinal é o `tipo`, com ponto ou vírgula decimal"
        case "data": "`\(Field.posted.rawValue)`, que começa com `AAAAMMDD`"
        case "moeda": "`\(Field.currency.rawValue)` do extrato ou `\(Field.transactionCurrency.rawValue)` da transação"
        case "descricao": "`\(Field.memo.rawValue)` e `\(Field.name.rawValue)`"
        case "referencia": "`\(Field.checkNumber.rawValue)` ou `\(Field.reference.rawValue)`"
        case "metadados": "`\(Field.type.rawValue)`"
        case "chave": "`\(Field.id.rawValue)`, de que a chave é feita"
        default: nil
        }
    }

    // MARK: - Elements

    private mutating func open(_ name: String, _ line: Int, _ pieces: inout [LotePiece]) {
        self.endField()
        switch name {
        case "OFX":
            self.position = .insideFile
            self.hasBegun = true
        case "STMTRS", "CCSTMTRS":
            self.account = ""
            self.currency = nil
        case "STMTTRN":
            guard case .insideFile = self.position else { return }
            // Some writers leave out closing tags of whole transactions.
            self.endTransaction(&pieces)
            self.transaction = Transaction(line: line)
        case "BANKACCTTO", "CCACCTTO", "ORIGCURRENCY": self.foreign = name
        default: if self.foreign == nil { self.field = Field(rawValue: name) }
        }
    }

    private mutating func close(_ name: String, _ pieces: inout [LotePiece]) {
        self.endField()
        switch name {
        case "STMTTRN", "BANKTRANLIST": self.endTransaction(&pieces)
        case "OFX":
            guard self.transaction == nil else { return }
            self.position = .afterFile
        default: if name == self.foreign { self.foreign = nil }
        }
    }

    private mutating func read(_ text: String) {
        guard let field = self.field, case .insideFile = self.position else { return }
        switch field {
        case .account, .currency: self.statementText += text
        default: self.transaction?.fields[field, default: ""] += text
        }
    }

    /// The text of an element ends at the next tag. Of several accounts or currencies the last one counts.
    private mutating func endField() {
        let text = self.statementText
        switch self.field {
        case .account where !text.isEmpty && self.transaction == nil:
            self.account = FileText.cut(FileText.collapse(text), scalarsMax: Self.accountScalarsMax)
        case .currency where !text.isEmpty:
            self.currency = FileText.cut(FileText.collapse(text), scalarsMax: Self.currencyScalarsMax)
        default: break
        }
        self.statementText = ""
        self.field = nil
    }

    // MARK: - Transactions

    private mutating func endTransaction(_ pieces: inout [LotePiece]) {
        guard let transaction = self.transaction else { return }
        self.transaction = nil
        self.foreign = nil
        let fields = transaction.fields.mapValues(FileText.collapse).filter { !$0.value.isEmpty }
        let entry = self.entry(fields)
        let key = fields[.id].map { self.key(fitid: $0, entry) }
        // A transaction without FITID would be registered again by each import. The reader of a lote refuses an empty key.
        pieces.append(LotePiece(.lancamento(entry.json(chave: key ?? "")), line: transaction.line))
    }

    private func entry(_ fields: [Field: String]) -> ImportedEntry {
        var entry = ImportedEntry(conta: self.conta.nome)
        if let amount = fields[.amount] {
            let read = FileAmount(amount, singleSeparator: .decimal)
            entry.tipo = (read?.isNegative ?? amount.hasPrefix("-") ? Tipo.debito : .credito).rawValue
            entry.valor = read?.text ?? amount
        }
        // A line of a lote may leave its day out; a transaction without one is not given the day of its import.
        entry.data = fields[.posted].map(Self.day) ?? ""
        entry.moeda = (fields[.transactionCurrency] ?? self.currency)?.uppercased()
        let description = [fields[.memo], fields[.name]].compactMap(\.self)
        let joined = description.count == 2 && description[0] == description[1] ? description[0] : description.joined(separator: " - ")
        if !joined.isEmpty { entry.descricao = FileText.cut(joined, scalarsMax: NovoLancamento.descricaoMaximaEmEscalares) }
        entry.referencia = fields[.checkNumber] ?? fields[.reference]
        entry.metadados = fields[.type].map { .object([.init(name: Field.type.rawValue, value: .string($0))]) }
        return entry
    }

    /// The first eight digits of a moment, such as `20260131120000[-3:BRT]`, as a day; anything else as it is.
    private static func day(_ moment: String) -> String {
        let digits = moment.utf8.prefix(8)
        guard digits.count == 8, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return moment }
        return "\(moment.prefix(4))-\(moment.dropFirst(4).prefix(2))-\(moment.dropFirst(6).prefix(2))"
    }

    private mutating func key(fitid: String, _ entry: ImportedEntry) -> String {
        let name = "ofx:\(Self.encoded(self.account)):\(Self.encoded(fitid))"
        let position = self.repetitions.position(of: entry.content, under: name)
        let key = position == 1 ? name : "\(name)#\(position)"
        return key.utf8.count <= Chave.comprimentoMaximoEmCaracteres ? key : "ofx:\(SHA256.hash(data: Array(key.utf8)).hexadecimal)"
    }

    /// Percent-encodes what a key may not have.
    private static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            if (0x21...0x7E).contains(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }
}
