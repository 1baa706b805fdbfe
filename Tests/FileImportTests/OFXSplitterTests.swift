import Contrato
import FluxoDeCaixa
import Testing

@testable import FileImport

@Suite struct OFXSplitterTests {
    static let header = "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nENCODING:USASCII\r\nCHARSET:1252\r\n\r\n"

    private func read(_ bytes: [UInt8], pieceBytes: Int = 65_536) -> (entries: [JSONValue], lines: [Int?], failure: String?) {
        var splitter = OFXSplitter(conta: Conta("loja")!)
        var pieces: [LotePiece] = []
        var failure: LoteFault?
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) where failure == nil {
            let received = splitter.receive(Array(bytes[start..<min(start + pieceBytes, bytes.count)]))
            pieces += received.pieces
            failure = received.failure
        }
        if failure == nil { failure = splitter.finish().failure }
        let entries = pieces.map { piece -> JSONValue in
            guard case .lancamento(let bytes) = piece.content else { return .null }
            return (try? JSONReader.read(bytes)) ?? .null
        }
        return (entries, pieces.map(\.line), failure?.problema.detail)
    }

    private func read(_ text: String) -> (entries: [JSONValue], lines: [Int?], failure: String?) { self.read(Array(text.utf8)) }

    /// One statement of an account with these transactions.
    private static func statement(_ transactions: String, account: String = "12345-6") -> String {
        """
        <OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>BRL<BANKACCTFROM><BANKID>341<ACCTID>\(account)<ACCTTYPE>CHECKING</BANKACCTFROM>
        <BANKTRANLIST><DTSTART>20260101<DTEND>20260131
        \(transactions)
        </BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
        """
    }

    private static func transaction(_ id: String, _ amount: String = "-10.00", _ more: String = "") -> String {
        "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260131120000[-3:BRT]<TRNAMT>\(amount)<FITID>\(id)\(more)</STMTTRN>"
    }

    private static func texts(_ entry: JSONValue) -> [String: String] {
        guard case .object(let members) = entry else { return [:] }
        return members.reduce(into: [:]) { if case .string(let text) = $1.value { $0[$1.name] = text } }
    }

    @Test func `a transaction with unclosed tags becomes an entry`() throws {
        let (entries, lines, failure) = self.read(
            Self.header + Self.statement(Self.transaction("F1", "-1234,56", "<CHECKNUM>000042<NAME>PADARIA<MEMO>COMPRA &amp; CIA")))
        #expect(failure == nil)
        #expect(lines == [9])
        let entry = try #require(entries.first)
        #expect(
            Self.texts(entry) == [
                "conta": "loja", "tipo": "debito", "valor": "1234.56", "data": "2026-01-31", "moeda": "BRL",
                "descricao": "COMPRA & CIA - PADARIA", "referencia": "000042", "chave": "ofx:12345-6:F1",
            ])
        #expect(entry["metadados"] == .object([.init(name: "TRNTYPE", value: .string("DEBIT"))]))
    }

    @Test func `the reader of a lote accepts what is written`() throws {
        let (entries, _, _) = self.read(Self.statement(Self.transaction("F1", "10", "<MEMO>x")))
        let reader = LancamentoReader(janela: JanelaDeDatas(hoje: Dia(parsing: "2026-02-01")!), chave: .accepted)
        let entry = try reader.read(try #require(entries.first)).get()
        #expect(entry.tipo == .credito && entry.valor.centavos == 1000 && entry.chave?.texto == "ofx:12345-6:F1")
    }

    @Test func `texts of Windows-1252 and of UTF-8 are both read, whatever the header says`() {
        let latin =
            Array((Self.header + "<OFX><STMTRS><STMTTRN><FITID>1<MEMO>S").utf8) + [0xE3, 0x6F, 0x20, 0x80] + Array("</STMTTRN></OFX>".utf8)
        #expect(self.read(latin).entries.map { Self.texts($0)["descricao"] } == ["São €"])
        let utf8 = Self.header + Self.statement(Self.transaction("1", "1", "<MEMO>São €"))
        #expect(self.read(utf8).entries.map { Self.texts($0)["descricao"] } == ["São €"])
    }

    @Test func `XML with CDATA, comments, empty elements and attributes is read`() {
        let xml = """
            <?xml version="1.0" encoding="UTF-8"?><?OFX OFXHEADER="200" VERSION="211"?>
            <OFX xmlns="urn:x"><!-- <STMTTRN> --><CREDITCARDMSGSRSV1><CCSTMTRS><CURDEF>BRL</CURDEF><CCACCTFROM><ACCTID>5 5</ACCTID></CCACCTFROM>
            <STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20260102</DTPOSTED><TRNAMT>3</TRNAMT><FITID>&#65;&#x42;</FITID>
            <NAME/><MEMO><![CDATA[a < b & c]]></MEMO></STMTTRN></CCSTMTRS></CREDITCARDMSGSRSV1></OFX>
            """
        let (entries, _, failure) = self.read(xml)
        #expect(failure == nil)
        #expect(entries.map { Self.texts($0)["chave"] } == ["ofx:5%205:AB"])
        #expect(entries.map { Self.texts($0)["descricao"] } == ["a < b & c"])
    }

    @Test func `several statements have their own accounts`() {
        let file =
            "<OFX><STMTRS><BANKACCTFROM><ACCTID>1</BANKACCTFROM>" + Self.transaction("a") + "</STMTRS><STMTRS><BANKACCTFROM><ACCTID>2"
            + "</BANKACCTFROM>" + Self.transaction("a", "1", "<BANKACCTTO><ACCTID>9</BANKACCTTO><MEMO>m") + "</STMTRS></OFX>"
        let (entries, _, failure) = self.read(file)
        #expect(failure == nil)
        #expect(entries.map { Self.texts($0)["chave"] } == ["ofx:1:a", "ofx:2:a"])
        #expect(Self.texts(entries[1])["descricao"] == "m")
    }

    @Test func `a statement without an account or a currency has none of the statement before`() {
        let first = "<STMTRS><CURDEF>USD<BANKACCTFROM><ACCTID>1</BANKACCTFROM>\(Self.transaction("a"))</STMTRS>"
        let entries = self.read("<OFX>\(first)<STMTRS>\(Self.transaction("a"))</STMTRS></OFX>").entries.map(Self.texts)
        #expect(entries.map { $0["chave"] } == ["ofx:1:a", "ofx::a"])
        #expect(entries.map { $0["moeda"] } == ["USD", nil])
    }

    @Test(arguments: ["BANKACCTTO", "CCACCTTO"])
    func `the account of the other side is not the statement's, wherever it stands`(element: String) {
        let other = "<\(element)><BANKID>1<ACCTID>9</\(element)>"
        let file = "<OFX><STMTRS><ACCTID>1\(other)\(Self.transaction("a", "1", other))\(Self.transaction("b"))</STMTRS></OFX>"
        #expect(self.read(file).entries.map { Self.texts($0)["chave"] } == ["ofx:1:a", "ofx:1:b"])
    }

    @Test func `an amount has the currency of its transaction, not the one that it was exchanged from`() {
        let transactions = [
            Self.transaction("1", "1", "<ORIGCURRENCY><CURRATE>5.1<CURSYM>USD</ORIGCURRENCY><MEMO>x"),
            Self.transaction("2", "1", "<CURRENCY><CURRATE>5.1<CURSYM>USD</CURRENCY>"), Self.transaction("3"),
        ]
        let entries = self.read(Self.statement(transactions.joined())).entries.map(Self.texts)
        #expect(entries.map { $0["moeda"] } == ["BRL", "USD", "BRL"])
        #expect(entries[0]["descricao"] == "x")
    }

    @Test func `a transaction that nobody closes ends with the next one, and with its list`() {
        let open = ["a", "b"].map { Self.transaction($0).replacing("</STMTTRN>", with: "") }
        let (entries, lines, failure) = self.read(Self.statement(open.joined(separator: "\n")))
        #expect(failure == nil)
        #expect(entries.map { Self.texts($0)["chave"] } == ["ofx:12345-6:a", "ofx:12345-6:b"])
        #expect(lines == [3, 4])
    }

    @Test func `different transactions under one FITID are numbered, equal ones are one`() {
        let transactions = [Self.transaction("a"), Self.transaction("a", "-11"), Self.transaction("a"), Self.transaction("b")]
        let file = Self.statement(transactions.joined(separator: "\n"))
        let keys = self.read(file).entries.map { Self.texts($0)["chave"] }
        #expect(keys == ["ofx:12345-6:a", "ofx:12345-6:a#2", "ofx:12345-6:a", "ofx:12345-6:b"])
        #expect(self.read(file).entries.map { Self.texts($0)["chave"] } == keys)
    }

    @Test func `a key over the limit is its hash, and a missing FITID is no key`() {
        let file = Self.statement(Self.transaction(String(repeating: "x", count: 200)) + "<STMTTRN><TRNAMT>1</STMTTRN>")
        let keys = self.read(file).entries.compactMap { Self.texts($0)["chave"] }
        #expect(keys.map(\.count) == [68, 0])
        #expect(keys[0].hasPrefix("ofx:"))
    }

    @Test func `descriptions are cut, joined only where they differ, and left out where empty`() {
        let long = String(repeating: "é", count: 300)
        let file = Self.statement(
            Self.transaction("1", "1", "<NAME>A<MEMO>A") + Self.transaction("2", "1", "<MEMO>  \r\n")
                + Self.transaction("3", "1", "<MEMO>\(long)"))
        let descriptions = self.read(file).entries.map { Self.texts($0)["descricao"] }
        #expect(descriptions == ["A", nil, String(repeating: "é", count: 200)])
    }

    @Test func `a text of UTF-8 over the limit is cut between characters`() {
        for before in ["", "x"] {
            let memo = before + String(repeating: "é", count: 3000)
            let file = Self.statement(
                Self.transaction("1", "1", "<MEMO>\(memo)") + Self.transaction("2", "1", "<MEMO><![CDATA[\(memo)]]>"))
            let expected = before + String(repeating: "é", count: 200 - before.count)
            #expect(self.read(file).entries.map { Self.texts($0)["descricao"] } == [expected, expected])
        }
    }

    @Test func `what each transaction repeats of its statement is short, and the last account and currency count`() {
        let currency = String(repeating: "X", count: 4000)
        let accounts = "<ACCTID>1</ACCTID><ACCTID>2<![CDATA[3]]>4"
        let file = "<OFX><STMTRS><CURDEF>BRL<CURDEF>\(currency)\(accounts)\(Self.transaction("a"))</STMTRS></OFX>"
        let entries = self.read(file).entries.map(Self.texts)
        #expect(entries.map { $0["chave"] } == ["ofx:234:a"])
        #expect(entries.map { $0["moeda"]?.count } == [16])
        let keys = [256, 257].map { length in
            let account = String(repeating: "9", count: length)
            return self.read(Self.statement(Self.transaction("a"), account: account)).entries.map { Self.texts($0)["chave"] }
        }
        #expect(keys[0] == keys[1], "an account is cut at 256 characters")
    }

    @Test func `what is too long for a tag is text`() {
        for tag in ["<B \(String(repeating: "y", count: 2000))>", "<\(String(repeating: "y", count: 100))>"] {
            let file = Self.statement(Self.transaction("1", "1", "<MEMO>x \(tag) z"))
            let description = self.read(file).entries.first.flatMap { Self.texts($0)["descricao"] }
            #expect(description == String("x \(tag) z".prefix(200)))
        }
    }

    @Test func `a bare less-than sign is text`() {
        let file = Self.statement(Self.transaction("1", "1", "<MEMO>A < B <3 <C\r\n<NAME>x & y &foo;"))
        #expect(self.read(file).entries.map { Self.texts($0)["descricao"] } == ["A < B <3 <C - x & y &foo;"])
    }

    @Test func `a zero, an unreadable amount and an unreadable day are passed on to be refused`() {
        let file = Self.statement(
            Self.transaction("1", "0.00") + "<STMTTRN><FITID>2<TRNAMT>-x<DTPOSTED>2026-01</STMTTRN><STMTTRN><FITID>3<TRNAMT>1</STMTTRN>")
        let entries = self.read(file).entries.map(Self.texts)
        #expect(entries.map { $0["valor"] } == ["0.00", "-x", "1.00"])
        // Without its day a transaction is not given the day of the import.
        #expect(entries.map { $0["data"] } == ["2026-01-31", "2026-01", ""])
    }

    @Test(arguments: ["PK\u{3}\u{4}zip", "%PDF-1.7", "nothing", "", "<html><body></html>", "OFXHEADER:100"])
    func `another kind of file is refused as a whole`(text: String) {
        let (entries, _, failure) = self.read(text)
        #expect(entries.isEmpty)
        #expect(failure != nil)
    }

    @Test func `UTF-16 is refused, and so are headers without end`() {
        #expect(self.read([0xFF, 0xFE, 0x3C, 0x00]).failure?.contains("UTF-16") ?? false)
        #expect(self.read(Array(repeating: 0x20, count: 20_000)).failure != nil)
    }

    @Test func `no declaration is read`() {
        let bomb = """
            <?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><OFX>\(Self.transaction("1"))</OFX>
            """
        let (entries, _, failure) = self.read(bomb)
        #expect(entries.isEmpty)
        #expect(failure?.contains("DTD") ?? false)
    }

    @Test func `of a file cut short, complete transactions stand`() {
        let whole = Self.statement(Self.transaction("1") + "\n" + Self.transaction("2"))
        let cut = String(whole[..<(whole.firstRange(of: "<FITID>2")?.lowerBound ?? whole.startIndex)])
        let (entries, _, failure) = self.read(cut)
        #expect(entries.count == 1)
        #expect(failure?.contains("linha 4") ?? false)
        #expect(self.read("<OFX>" + Self.transaction("1")).failure?.contains("sem </OFX>") ?? false)
    }

    @Test func `the cuts of a file do not matter`() {
        let file = Array(
            (Self.header + Self.statement(Self.transaction("1", "1", "<MEMO>São <3 &amp; <![CDATA[x]]>") + Self.transaction("1"))).utf8)
        let whole = self.read(file)
        for size in 1...40 {
            let cut = self.read(file, pieceBytes: size)
            #expect(cut.entries == whole.entries && cut.lines == whole.lines && cut.failure == whole.failure)
        }
        #expect(whole.entries.count == 2)
    }
}
