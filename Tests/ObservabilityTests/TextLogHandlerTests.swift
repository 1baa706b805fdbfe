import FluxoDeCaixa
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Observability

@Suite struct TextLogHandlerTests {
    func lines(level: Logger.Level = .info, _ body: (inout Logger) -> Void) -> [String] {
        let lines = NIOLockedValueBox<[String]>([])
        var logger = Logger(label: "lancamentos") { label in
            TextLogHandler(
                label: label, level: LogLevel(level), agora: { Instante(milissegundos: 1_795_503_692_123) },
                write: { line in lines.withLockedValue { $0.append(line) } })
        }
        body(&logger)
        return lines.withLockedValue { $0 }
    }

    @Test func lineHasTimeLevelLabelMessageAndSortedMetadata() {
        let lines = self.lines { logger in
            logger[metadataKey: "pedido"] = "abc"
            logger.info("listening", metadata: ["b": "two words", "a": "1", "c": ""])
        }
        #expect(lines == ["2026-11-24T07:01:32.123Z info lancamentos: listening a=1 b=\"two words\" c=\"\" pedido=abc\n"])
    }

    @Test func levelBelowIsNotWritten() {
        let lines = self.lines(level: .warning) { logger in
            logger.info("no")
            logger.error("yes", metadata: ["error": "e"])
        }
        #expect(lines == ["2026-11-24T07:01:32.123Z error lancamentos: yes error=e\n"])
    }

    @Test func valuesCannotForgeLines() {
        let lines = self.lines { $0.info("a\nb", metadata: ["k": "x\r\ny\u{2028}\u{1B}[31m \"q\""]) }
        #expect(lines.count == 1)
        #expect(lines[0].unicodeScalars.filter { $0.value < 0x20 } == ["\n"])
        #expect(lines[0].contains("a\\nb k=\"x\\r\\ny\\u{2028}\\u{1B}[31m \\\"q\\\"\""))
    }
}
