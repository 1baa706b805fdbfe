import Testing

@testable import Contrato

@Suite struct CSVWriterTests {
    private func row(_ separador: CSVWriter.Separador = .virgula, _ write: (inout CSVWriter) -> Void) -> String {
        var writer = CSVWriter(separador: separador)
        write(&writer)
        writer.endRow()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `rows end with CRLF and absent cells are empty`() {
        var writer = CSVWriter(separador: .virgula)
        writer.header(["a", "b", "c"])
        writer.text(nil)
        writer.verbatim(nil)
        writer.text("")
        writer.endRow()
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "a,b,c\r\n,,\r\n")
    }

    @Test(arguments: [
        ("simples", "simples"), ("açaí", "açaí"), ("a,b", "\"a,b\""), ("a;b", "\"a;b\""), ("diz \"oi\"", "\"diz \"\"oi\"\"\""),
        ("duas\nlinhas", "\"duas\nlinhas\""), ("a\rb", "\"a\rb\""), ("a\r\nb", "\"a\r\nb\""),
    ])
    func `cells are quoted where RFC 4180 requires it`(text: String, expected: String) {
        #expect(self.row { $0.text(text) } == expected + "\r\n")
    }

    @Test(arguments: ["=1+1", "+55 11", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "=cmd|' /C calc'!A0", "-12.30"])
    func `text that a spreadsheet would run gets an apostrophe`(text: String) {
        let cell = self.row { $0.text(text) }.dropLast(1)
        #expect(cell.trimmingPrefix("\"").hasPrefix("'"), "\(cell)")
    }

    @Test func `amounts keep their sign and have a comma for Brazilian spreadsheets`() {
        #expect(self.row { $0.amount("-12.30") } == "-12.30\r\n")
        let brazilian = self.row(.pontoEVirgula) { writer in
            writer.amount("-12.30")
            writer.text("a.b")
        }
        #expect(brazilian == "\"-12,30\";a.b\r\n")
    }

    @Test func `a file for Excel begins with a byte order mark`() {
        var brazilian = CSVWriter(separador: .pontoEVirgula)
        brazilian.header(["a"])
        #expect(brazilian.bytes.starts(with: [0xEF, 0xBB, 0xBF]))
        var plain = CSVWriter(separador: .virgula)
        plain.header(["a"])
        #expect(plain.bytes == Array("a\r\n".utf8))
    }

    @Test(arguments: ["x;=1+1;y", "x,+1", "a\n-1", "a\r\n@b", "a\t=b", "=a;=b", ";＝1"])
    func `no cell begins with a formula wherever a reader splits`(text: String) {
        let written = self.row { $0.text(text) }
        for cell in written.split(whereSeparator: { ",;\n\r\t\"".contains($0) || $0 == "\r\n" }) {
            #expect(!"=+-@＝＋－＠".contains(cell.first ?? " "), "\(written)")
        }
        let cell = written.replacing("\"\"", with: "\"").dropLast(1)
        #expect(CSVWriter.original(cell.hasPrefix("\"") ? String(cell.dropFirst().dropLast()) : String(cell)) == text)
    }

    @Test func `take returns and removes what was written`() {
        var writer = CSVWriter(separador: .pontoEVirgula)
        writer.header(["a", "b"])
        #expect(writer.take() == [0xEF, 0xBB, 0xBF] + Array("a;b\r\n".utf8))
        writer.verbatim("1")
        #expect(String(decoding: writer.take(), as: UTF8.self) == "1")
    }
}
