import Contrato
import FluxoDeCaixa
import Foundation
import Testing

@testable import Repair

/// What was applied against the extract, both as lists in memory or in a file.
@Suite struct ExtractComparisonTests {
    private static func entry(_ number: Int, _ centavos: Int64 = 100) -> LancamentoAplicavel {
        LancamentoAplicavel(
            id: LancamentoID(bits: 0x0190_0000_0000_7000_8000_0000_0000_0000 | UInt128(number)), conta: Conta("loja")!,
            data: Dia(parsing: "2026-11-24")!, tipo: .credito, natureza: "operacional", valor: Valor(centavos: centavos)!)
    }

    private static func line(_ entry: LancamentoAplicavel) -> String {
        #"{"id":"\#(entry.id)","conta":"loja","tipo":"credito","valor":"\#(entry.valor)","data":"2026-11-24","moeda":"BRL","#
            + #""natureza":"operacional","canal":"rest"}"# + "\n"
    }

    private static func differences(
        applied: [LancamentoAplicavel], registered: [LancamentoAplicavel], before: Int = .max
    ) async throws -> [ExtractDifference] {
        let file = FileManager.default.temporaryDirectory.appending(path: "extrato-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: file) }
        try registered.map(self.line).joined().write(toFile: file, atomically: false, encoding: .utf8)
        let extract = Extract(.file(file), scope: ExtractScope(conta: nil, de: nil, ate: nil))
        var found: [ExtractDifference] = []
        let comparison = ExtractComparison(extract, before: self.entry(before).id) { range, limit in
            Array(applied.filter { range.contains($0.id) }.prefix(limit))
        }
        try await comparison.run(compared: { _ in }, found: { found.append($0) })
        return found
    }

    @Test func `equal lists of any length have no difference`() async throws {
        for count in [0, 1, 2, 2000, 2001, 4000] {
            let entries = (0..<count).map { Self.entry($0) }
            #expect(try await Self.differences(applied: entries, registered: entries) == [], "\(count)")
        }
    }

    @Test func `orphans, missing entries and other contents are found in the order of ids`() async throws {
        let applied = [0, 1, 3, 5, 6, 9].map { Self.entry($0) } + [Self.entry(10, 5)]
        let registered = [1, 2, 4, 5, 8, 9, 10].map { Self.entry($0) }
        #expect(
            try await Self.differences(applied: applied, registered: registered) == [
                .orphan(Self.entry(0)), .missing(Self.entry(2)), .orphan(Self.entry(3)), .missing(Self.entry(4)), .orphan(Self.entry(6)),
                .missing(Self.entry(8)), .different(applied: Self.entry(10, 5), registered: Self.entry(10)),
            ])
    }

    @Test func `a random pair of lists has exactly the differences of a plain search`() async throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            func some() -> [LancamentoAplicavel] {
                (0..<40).filter { _ in Bool.random(using: &random) }.map { Self.entry($0, Bool.random(using: &random) ? 100 : 200) }
            }
            let (applied, registered) = (some(), some())
            let before = Int.random(in: 0..<50, using: &random)
            let found = try await Self.differences(applied: applied, registered: registered, before: before)
            let expected = (0..<min(before, 40)).compactMap { number -> ExtractDifference? in
                let id = Self.entry(number).id
                switch (applied.first { $0.id == id }, registered.first { $0.id == id }) {
                case (let entry?, nil): return .orphan(entry)
                case (nil, let entry?): return .missing(entry)
                case (let left?, let right?): return left == right ? nil : .different(applied: left, registered: right)
                case (nil, nil): return nil
                }
            }
            #expect(found == expected, "\(applied) \(registered) \(before)")
        }
    }

    @Test func `a file says nothing about entries registered after it, or in the minute before`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "extrato-\(UUID().uuidString)").path()
        let link = file + "-link"
        defer { for path in [file, link] { try? FileManager.default.removeItem(atPath: path) } }
        try "".write(toFile: file, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1_795_000_000)], ofItemAtPath: file)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
        func end(_ source: Extract.Source, seconds: Int64) throws -> LancamentoID {
            try Extract(source, scope: ExtractScope(conta: nil, de: nil, ate: nil)).end(agora: Instante(milissegundos: seconds * 1000))
        }
        func first(_ seconds: Int64) -> LancamentoID { .lowerBound(of: Instante(milissegundos: seconds * 1000)) }
        for path in [file, link] {
            #expect(try end(.file(path), seconds: 1_795_009_999) == first(1_794_999_940))
            #expect(try end(.file(path), seconds: 1_794_000_000) == first(1_794_000_000))
        }
        #expect(try end(.service(url: "", token: ""), seconds: 1_795_009_999) == first(1_795_009_999))
        #expect(throws: ToolFailure.self) { try end(.file(file + "-none"), seconds: 1) }
    }

    @Test(arguments: [1, 2, 3, 7, 100])
    func `lines are the same in pieces of any size`(size: Int) throws {
        let text = Array("a\n\nbc\ndef\n".utf8)
        var splitter = LineSplitter(lineBytesMax: 3)
        var lines: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            lines += try splitter.add(rest.prefix(size)).map { String(decoding: $0, as: UTF8.self) }
            rest = rest.dropFirst(size)
        }
        #expect(lines == ["a", "", "bc", "def"] && splitter.isAtLineStart)
        _ = try splitter.add([0x61])
        #expect(!splitter.isAtLineStart)
        #expect(throws: ToolFailure.self) { try splitter.add([0x61, 0x61, 0x61]) }
    }

    @Test func `control characters of other systems do not reach the terminal`() {
        let shown = ToolOutput.printable("a\u{1B}[2Jb\u{7}\u{202E}\n")
        #expect(shown.hasPrefix("a\\u{") && shown.hasSuffix("\\n") && shown.utf8.allSatisfy { (0x20..<0x7F).contains($0) }, "\(shown)")
        #expect(ToolOutput.printable("ação") == "ação")
    }
}
