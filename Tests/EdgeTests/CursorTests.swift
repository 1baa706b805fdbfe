import Contrato
import FluxoDeCaixa
import SeededRandom
import Testing

@testable import Access
@testable import Edge

@Suite struct CursorTests {
    private static let filters: [String?] = ["loja42.*", nil, "2026-11-24"]

    private static func fault(_ text: String, _ filters: [String?] = filters) -> String? {
        do throws(ErrosDeCampo) {
            _ = try Cursor(parsing: text, filters: filters)
            return nil
        } catch {
            return error.erros.map { "\($0.campo) \($0.codigo.rawValue)" }.joined(separator: ", ")
        }
    }

    @Test(arguments: ["", "a", "loja42.caixa", "0190d3a0-0000-7000-8000-000000000001", "ç\u{0}\"=&"])
    func isReadAsItWasWritten(position: String) throws {
        let cursor = Cursor(after: position, filters: Self.filters)
        #expect(try Cursor(parsing: cursor.text, filters: Self.filters) == cursor)
        #expect(cursor.text.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x7A) || $0 == 0x2D })
    }

    @Test(
        arguments: [
            ["loja42.*", nil, "2026-11-25"], ["loja42.*", "2026-11-24", nil], ["loja42", ".*", nil, "2026-11-24"], ["loja42.*", nil],
            ["loja42.*", "", "2026-11-24"], [nil, nil, nil], [],
        ] as [[String?]])
    func belongsToItsFilters(others: [String?]) {
        let text = Cursor(after: "x", filters: Self.filters).text
        #expect(Self.fault(text) == nil)
        #expect(Self.fault(text, others) == "cursor valor_nao_aceito")
    }

    @Test func whatIsNoCursorIsRefused() {
        let good = Cursor(after: "loja42.caixa", filters: Self.filters).text
        for bad in ["", "x", "=", good + "=", good + "A", good + "*", String(good.dropFirst()), String(repeating: "A", count: 513)] {
            #expect(Self.fault(bad) != nil, "\(bad)")
        }
        // Another version, and a position that is not UTF-8.
        var bytes = Base64URL.decode(Array(good.utf8))!
        bytes[0] = 2
        #expect(Self.fault(Base64URL.encode(bytes)) == "cursor formato")
        bytes[0] = 1
        bytes[bytes.count - 1] = 0xFF
        #expect(Self.fault(Base64URL.encode(bytes)) == "cursor formato")
    }

    @Test func base64URLIsWrittenAsItIsRead() {
        var random = SeededGenerator(seed: 5)
        for count in 0..<200 {
            let bytes = random.bytes(count)
            #expect(Base64URL.decode(Array(Base64URL.encode(bytes).utf8)) == bytes)
        }
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
    }

    @Test func noBytesMakeItFail() {
        var random = SeededGenerator(seed: 6)
        for _ in 0..<2000 { _ = Self.fault(Base64URL.encode([1] + random.bytes(Int.random(in: 0..<30, using: &random)))) }
    }

    @Test func limiteIs1To500() throws {
        #expect(try LimiteParameter.read(nil) == 50)
        for (text, value) in [("1", 1), ("500", 500), ("007", 7)] { #expect(try LimiteParameter.read(text) == value) }
        for text in ["0", "501", "", "-1", "+5", " 5", "5.0", "9999999999999999999999", "١"] {
            #expect(throws: ErrosDeCampo.self) { try LimiteParameter.read(text) }
        }
    }
}
