import Contrato
import FluxoDeCaixa
import Testing

@testable import FileImport

@Suite struct CSVSplitterTests {
    private typealias Read = (pieces: [LotePiece], failure: String?)

    private func read(_ bytes: [UInt8], pieceBytes: Int = 65_536) -> Read {
        var splitter = CSVSplitter(conta: Conta("loja")!)
        var pieces: [LotePiece] = []
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            let received = splitter.receive(Array(bytes[start..<min(start + pieceBytes, bytes.count)]))
            pieces += received.pieces
            if let failure = received.failure { return (pieces, failure.problema.detail) }
        }
        let rest = splitter.finish()
        return (pieces + rest.pieces, rest.failure?.problema.detail)
    }

    private func read(_ text: String) -> Read { self.read(Array(text.utf8)) }

    private static func texts(_ piece: LotePiece) -> [String: String] {
        guard case .lancamento(let bytes) = piece.content, case .object(let members)? = try? JSONReader.read(bytes) else { return [:] }
        return members.reduce(into: [:]) { if case .string(let text) = $1.value { $0[$1.name] = text } }
    }

    @Test func `a person's table is read`() {
        let (pieces, failure) = self.read(
            "\u{FEFF}Data;Descrição;Valor;\r\n31/01/2026;\"Padaria; pão\";R$ 1.234,56\r\n\r\n;;\r\n2026-02-01;Aluguel;-10,00\r\nTotal;;1.224,56\r\n"
        )
        #expect(failure == nil)
        #expect(pieces.map(\.line) == [2, 5, 6])
        let entries = pieces.map(Self.texts)
        #expect(entries.map { $0["tipo"] } == ["credito", "debito", "credito"])
        #expect(entries.map { $0["valor"] } == ["1234.56", "10.00", "1224.56"])
        #expect(entries.map { $0["data"] } == ["2026-01-31", "2026-02-01", "Total"])
        #expect(entries.map { $0["descricao"] } == ["Padaria; pão", "Aluguel", nil])
        #expect(entries.allSatisfy { $0["conta"] == "loja" && $0["chave"]?.hasPrefix("csv:") ?? false })
    }

    @Test func `a row without a day is not one of today`() {
        let (pieces, _) = self.read("data;valor;descricao\n;10,00;Saldo\n2026-01-01;1;x\n")
        // The reader of a lote refuses an empty day; a missing one would be today.
        #expect(pieces.map { Self.texts($0)["data"] } == ["", "2026-01-01"])
    }

    @Test func `decimal points and commas are read with either separator`() {
        let (pieces, _) = self.read("valor,data\n\"1,234.56\",2026-01-01\n1234.5,2026-01-01\n\"1.234,56\",2026-01-01\n")
        #expect(pieces.map { Self.texts($0)["valor"] } == ["1234.56", "1234.50", "1234.56"])
    }

    @Test func `cells may have quotes, line breaks and Windows-1252`() {
        let text = Array("data;valor;descricao\n2026-01-01;1;\"a \"\"b\"\"\r\nc\"\n2026-01-01;1;S".utf8) + [0xE3, 0x6F]
        let (pieces, failure) = self.read(text)
        #expect(failure == nil)
        #expect(pieces.map { Self.texts($0)["descricao"] } == ["a \"b\"\r\nc", "São"])
        #expect(pieces.map(\.line) == [2, 4])
    }

    @Test func `equal rows have numbered keys, and the same file the same keys`() {
        let file = "data,valor\n2026-01-01,1\n2026-01-01,1\n01/01/2026,1.00\n2026-01-01,2\n"
        let keys = self.read(file).pieces.compactMap { Self.texts($0)["chave"] }
        #expect(Set(keys).count == 4)
        #expect(keys[1] == keys[0] + "#2" && keys[2] == keys[0] + "#3")
        #expect(self.read(file).pieces.compactMap { Self.texts($0)["chave"] } == keys)
        #expect(keys.allSatisfy { Chave(literal: $0) != nil })
    }

    @Test func `a row with too many cells or another account is no entry`() {
        let (pieces, _) = self.read("conta,data,valor\nloja,2026-01-01,1234,56\noutra,2026-01-01,1\nloja,2026-01-01,1,\n")
        #expect(pieces.map(\.content).prefix(2) == [.malformed(.tooManyCells), .malformed(.otherAccount)])
        #expect(Self.texts(pieces[2])["valor"] == "1.00")
    }

    @Test(arguments: [CSVWriter.Separador.virgula, .pontoEVirgula])
    func `our own extract is the entry that was registered`(separador: CSVWriter.Separador) throws {
        let metadados = try #require(Metadados([.init(nome: "n", valor: "=1;+2")]))
        let novo = NovoLancamento(
            conta: Conta("loja")!, tipo: .debito, valor: Valor(centavos: 123_456)!, data: Dia(parsing: "2026-01-31"),
            natureza: .operacional,
            descricao: " =x;-1,@y\r\n\tz  w", categoria: "+c", referencia: "'r", metadados: metadados, chave: Chave(literal: "=k"))
        var writer = CSVWriter(separador: separador)
        writer.header(LancamentoCSV.colunas)
        let id = LancamentoID(parsing: "01900000-0000-7000-8000-000000000001")!
        LancamentoCSV.write(Lancamento(novo, id: id, hoje: Dia(parsing: "2026-02-01")!, registradoPor: "=eu", canal: .rest), to: &writer)
        let piece = try #require(self.read(writer.bytes).pieces.first)
        guard case .lancamento(let bytes) = piece.content else {
            Issue.record("no entry: \(piece)")
            return
        }
        let reader = LancamentoReader(janela: JanelaDeDatas(hoje: Dia(parsing: "2026-02-01")!), chave: .accepted)
        #expect(try reader.read(try JSONReader.read(bytes)).get() == novo)
    }

    @Test(arguments: [
        ("", "cabeçalho"), ("\n\n;;\n", "cabeçalho"), ("data;descricao\n", "`valor`"), ("valor\n", "`data`"), ("data;valor;saldo\n", "3ª"),
        ("data;valor;data\n", "mais de uma vez"), ("PK\u{3}\u{4}", "ZIP"), ("%PDF-1.4\n", "PDF"),
    ])
    func `a table without its header is refused as a whole`(text: String, part: String) {
        let (pieces, failure) = self.read(text)
        #expect(pieces.isEmpty)
        #expect(failure?.contains(part) ?? false, "\(failure ?? "accepted")")
    }

    @Test func `a quote that nobody closes costs one row`() {
        let (pieces, failure) = self.read(
            "data;valor;descricao\n2026-01-01;1;\"aberta\n" + String(repeating: "x;y\n", count: 20_000) + "2026-01-02;2;fim\n")
        #expect(failure == nil)
        #expect(pieces.first?.content == .tooLarge)
        #expect(pieces.first?.line == 2)
        #expect(pieces.last.map(Self.texts)?["descricao"] == "fim")
    }

    @Test(arguments: ["\n", "\r\n", ""])
    func `a row may be as long as an entry, whatever ends it`(end: String) {
        let row = "2026-01-01;1;"
        let content = row + String(repeating: "x", count: LotePiece.bytesMax - row.utf8.count)
        let longest = self.read("data;valor;descricao\n\(content)\(end)")
        #expect(longest.pieces.map { Self.texts($0)["descricao"]?.count } == [LotePiece.bytesMax - row.utf8.count])
        let longer = self.read("data;valor;descricao\n\(content)x\(end)")
        #expect(longer.pieces.map(\.content) == [.tooLarge])
    }

    @Test func `the cuts of a file do not matter`() {
        let file = Array("\u{FEFF}data;valor;descricao\r\n2026-01-01;1;\"a\"\"b\r\nc\"\r\n;;\r\n2026-01-01;1;é\r\n".utf8)
        let whole = self.read(file)
        for size in 1...30 {
            let cut = self.read(file, pieceBytes: size)
            #expect(cut.pieces == whole.pieces && cut.failure == whole.failure)
        }
        #expect(whole.pieces.count == 2)
    }
}
