import Contrato
import FluxoDeCaixa
import Foundation
import Logging
import NIOConcurrencyHelpers
import Testing
import Yams

@testable import Observability

@Suite struct ECSLogHandlerTests {
    struct Refused: Error, CustomStringConvertible {
        let description = "refused"
    }

    private func lines(level: Logger.Level = .info, _ body: (inout Logger) -> Void) -> [String] {
        let lines = NIOLockedValueBox<[String]>([])
        var logger = Logger(label: "consolidado") { label in
            ECSLogHandler(
                label: label, service: "consolidado", level: LogLevel(level), agora: { Instante(milissegundos: 1_795_503_692_123) },
                write: { line in lines.withLockedValue { $0.append(String(decoding: line, as: UTF8.self)) } })
        }
        body(&logger)
        return lines.withLockedValue { $0 }
    }

    @Test func `a line is one object with the fields of ECS, our own names among the labels`() {
        let lines = self.lines { logger in
            logger[metadataKey: "pedido"] = "abc"
            logger.warning(
                "answered", error: Refused(),
                metadata: [
                    "status": "503", "us": "1500", "trace.id": "t", "transaction.id": "s", "lancamento": "id", "A.b": "1", "host": "h",
                    "port": "5672", "method": "GET",
                ])
        }
        let pid = ProcessInfo.processInfo.processIdentifier
        #expect(
            lines == [
                #"{"@timestamp":"2026-11-24T07:01:32.123Z","log.level":"warning","message":"answered","ecs.version":"8.11.0","#
                    + #""service.name":"consolidado","service.version":"1.1.0","event.dataset":"fluxo","process.pid":\#(pid),"#
                    + #""log.logger":"consolidado","error.message":"refused","#
                    + #""error.type":"ObservabilityTests.ECSLogHandlerTests.Refused","labels.a_b":"1","server.address":"h","#
                    + #""labels.lancamento":"id","http.request.method":"GET","http.request.id":"abc","server.port":5672,"#
                    + #""http.response.status_code":503,"trace.id":"t","transaction.id":"s","event.duration":1500000}"# + "\n"
            ])
    }

    @Test func `what is no number where ECS has one, and what would be there twice, spoils no line`() throws {
        let lines = self.lines { logger in
            logger.error("x", metadata: ["status": "many", "port": "99999999999999999999", "error": "first", "failure": "second", "": "e"])
        }
        let line = try JSONReader.read(Array(try #require(lines.first).dropLast().utf8))
        #expect(line["labels.status"] == .string("many"))
        #expect(line["labels.port"] == .string("99999999999999999999"))
        #expect(line["error.message"] == .string("first"))
        #expect(line["labels."] == .string("e"))
    }

    /// The strict reader refuses repeated names, control characters and what is not UTF-8.
    @Test(arguments: [
        "a\nb", "\r\n", "\"\\", "\u{0}\u{1}\u{1F}", "\u{7F}\u{80}\u{9B}[31m", "\u{2028}\u{2029}", "é\u{A0}\u{2030}€😀", "",
    ])
    func `any text is read back unchanged, from one line without control characters`(text: String) throws {
        let lines = self.lines { $0.info("\(text)", metadata: ["k": "\(text)", "\(text)": "v"]) }
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        let controls = line.unicodeScalars.filter {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || $0.value == 0x2028 || $0.value == 0x2029
        }
        #expect(Array(controls) == ["\n"] && line.hasSuffix("}\n"))
        let object = try JSONReader.read(Array(line.dropLast().utf8))
        #expect(object["message"] == .string(text) && object["labels.k"] == .string(text))
    }

    @Test(arguments: ["a", "é", "€", "😀"])
    func `a long text is cut between characters`(character: String) throws {
        let text = "x" + String(repeating: character, count: 5000)
        let line = try #require(self.lines { $0.info("m", metadata: ["k": "\(text)"]) }.first)
        guard case .string(let cut)? = try JSONReader.read(Array(line.dropLast().utf8))["labels.k"] else {
            Issue.record("no label")
            return
        }
        #expect(text.hasPrefix(cut))
        #expect(cut.utf8.count <= JSONLine.textBytesMax && cut.utf8.count > JSONLine.textBytesMax - character.utf8.count)
    }

    @Test func `the version is the documents'`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        for service in ["lancamentos", "consolidado"] {
            let text = try String(contentsOf: root.appending(path: "config/openapi-\(service).yaml"), encoding: .utf8)
            let document = try #require(try Yams.load(yaml: text) as? [String: Any])
            #expect((document["info"] as? [String: Any])?["version"] as? String == ServiceVersion.current)
        }
    }
}
