import Foundation
import Testing

/// `config/contrato.md` names tests that exist.
@Suite struct ContractTableTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The text of every test file by its name without `.swift`.
    private static func sources() throws -> [String: String] {
        let files = try #require(
            FileManager.default.enumerator(at: self.root.appending(path: "Tests"), includingPropertiesForKeys: nil))
        var sources: [String: String] = [:]
        for case let file as URL in files where file.pathExtension == "swift" {
            sources[file.deletingPathExtension().lastPathComponent] = try String(contentsOf: file, encoding: .utf8)
        }
        return sources
    }

    @Test func `every test that holds a sentence of the contract exists`() throws {
        let sources = try Self.sources()
        let table = try String(contentsOf: Self.root.appending(path: "config/contrato.md"), encoding: .utf8)
        let rows = table.split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| ---") && !$0.hasPrefix("| sentence |") }
        #expect(rows.count > 100)
        for row in rows {
            let cells = row.dropFirst(2).dropLast(2).split(separator: " | ", omittingEmptySubsequences: false)
            #expect(cells.count == 2, "\(row)")
            guard let held = cells.last, held != "—" else { continue }
            for test in held.split(separator: "<br>") {
                let match = try #require(String(test).wholeMatch(of: /`(\w+)` (.+)/), "\(test)")
                let source = sources[String(match.1)] ?? ""
                let exists = source.contains("func `\(match.2)`(") || source.contains("func \(match.2)(")
                #expect(exists, "\(test)")
            }
        }
    }
}
