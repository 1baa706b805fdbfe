import Contrato
import FluxoDeCaixa
import Foundation
import Testing

@testable import Carga

@Suite struct ReportTests {
    private static func measures(latenessMs: Int64 = 0) -> StreamMeasures {
        var measures = StreamMeasures(name: "writes", ratePerSecond: 500, measured: .seconds(2))
        for second in 0..<2 {
            for number in 0..<500 {
                measures.send(isMeasured: true, isInTime: true)
                measures.lag(nanoseconds: latenessMs * 1_000_000)
                measures.take(.accepted, nanoseconds: Int64(1 + number % 10) * 1_000_000, isMeasured: true, isInTime: true)
            }
            #expect(measures.closeSecond().accepted == 500, "second \(second)")
        }
        return measures
    }

    private static func result(latenessMs: Int64 = 0) -> ScenarioResult {
        var result = ScenarioResult(name: .pico, description: "a test")
        result.take(
            LoadResult(
                writes: self.measures(latenessMs: latenessMs), visible: VisibleMeasures(), ledger: Ledger(contas: 1, dias: 1),
                ownCPU: .milliseconds(100), wall: .seconds(2)))
        result.figures = [Figure(name: "taxa", label: "a rate", value: 12_345.6, unit: "/s")]
        return result
    }

    private static func json(_ results: [ScenarioResult]) throws -> JSONValue {
        let path = FileManager.default.temporaryDirectory.appending(path: "carga-teste-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try ResultsFile(path: path, begun: "2026-11-24T00:00:00Z").write(results, isComplete: true)
        return try JSONReader.read(Array(Data(contentsOf: URL(filePath: path))))
    }

    private static func scenario(_ value: JSONValue) -> JSONValue? {
        guard case .array(let scenarios)? = value["cenarios"] else { return nil }
        return scenarios.first
    }

    @Test func `a rate that was offered is reported`() throws {
        let text = ResultsTable.text([Self.result()])
        #expect(text.contains("pico         ok"))
        #expect(text.contains("12,346 /s"))
        #expect(text.contains("carga used 5 % of one processor"))
        let scenario = try #require(Self.scenario(try Self.json([Self.result()])))
        #expect(scenario["resultado"] == .string("passou"))
        #expect(scenario["valores"]?["taxa"] == .number("12345.600"))
        guard case .array(let streams)? = scenario["fluxos"] else {
            Issue.record("no streams")
            return
        }
        #expect(streams.first?["aceitos_por_segundo"] == .number("500.000"))
        #expect(streams.first?["p99_ms"] != .null)
    }

    @Test func `the processor time of the services excludes that of the servers`() {
        var result = Self.result()
        #expect(result.coresOfServices == nil)
        result.processes = [
            ProcessUsage(name: "lancamentos", cpu: .milliseconds(600), peakKiB: 1),
            ProcessUsage(name: "postgres", cpu: .seconds(9), peakKiB: 1),
            ProcessUsage(name: "postgres-consolidado", cpu: .seconds(9), peakKiB: 1),
            ProcessUsage(name: "consolidado", cpu: .milliseconds(400), peakKiB: 1),
        ]
        #expect(result.coresOfServices == 0.5, "1 s of 2 s")
    }

    @Test func `a rate that was not offered is not reported`() throws {
        let result = Self.result(latenessMs: 200)
        let text = ResultsTable.text([result])
        #expect(text.contains("NOT OFFERED"))
        #expect(!text.contains("12,346"))
        #expect(!text.contains("accepted/s"))
        let scenario = try #require(Self.scenario(try Self.json([result])))
        #expect(scenario["resultado"] == .string("nao_oferecido"))
        #expect(scenario["valores"] == nil)
        #expect(scenario["fluxos"] == nil)
        #expect(!Plot.svg([result]).contains("polyline"))
    }

    @Test func `differences are shown with account, day, expected and seen`() throws {
        var ledger = LedgerTests.ledger(acknowledged: 500)
        let seen = LedgerTests.seen(ledger)
        ledger.attempt()
        ledger.acknowledge(LedgerTests.plan.entry(500))
        var result = Self.result()
        result.take(LedgerTests.compare(ledger, seen).report)
        let entry = LedgerTests.plan.entry(500)
        let text = ResultsTable.text([result])
        #expect(text.contains("FAILED: the audit found differences"))
        #expect(text.contains("lost 1"))
        #expect(text.contains("! \(LedgerTests.plan.contas[entry.conta]) \(LedgerTests.plan.dias[entry.dia]): expected "))
        let audit = try #require(Self.scenario(try Self.json([result]))?["auditoria"])
        #expect(audit["passou"] == .bool(false))
        #expect(audit["perdidos"] == .number("1"))
        guard case .array(let differences)? = audit["diferencas"] else {
            Issue.record("no differences")
            return
        }
        #expect(differences.count == 1)
        #expect(differences.first?["data"] == .string(LedgerTests.plan.dias[entry.dia].description))
    }

    @Test func `latency and rate are drawn over time`() {
        let svg = Plot.svg([Self.result()])
        #expect(svg.hasPrefix("<svg "))
        #expect(svg.count { $0 == "<" } > 20)
        #expect(svg.contains("polyline"))
        #expect(svg.contains("p99"))
    }

    @Test func `numbers are written for people`() {
        #expect(Text.grouped(9999) == "9999")
        #expect(Text.grouped(1_234_567) == "1,234,567")
        #expect(Text.ms(1.234) == "1.23")
        #expect(Text.ms(12.34) == "12.3")
        #expect(Text.ms(1234.4) == "1234")
        #expect(Text.ms(nil) == "-")
        #expect(Text.decimals(-0.001, 2) == "0.00")
        #expect(Text.decimals(-12.305, 1) == "-12.3")
    }

    @Test func `the use of processes between two readings is computed`() {
        let before = ProcessUsage.parse("postgres 1500 1000\nnoise\nlancamentos 100 10\n")
        let after = ProcessUsage.parse("postgres 2500 4096\nlancamentos 90 10\nrabbitmq 5 1\n")
        #expect(
            ProcessUsage.between(before, after) == [
                ProcessUsage(name: "postgres", cpu: .seconds(1), peakKiB: 4096),
                ProcessUsage(name: "lancamentos", cpu: .zero, peakKiB: 10),
                ProcessUsage(name: "rabbitmq", cpu: .milliseconds(5), peakKiB: 1),
            ])
    }

    @Test func `the use of the machine between two readings is reported, with what its host took`() throws {
        // user nice system idle iowait irq softirq steal guest guest_nice
        let begin = try #require(MachineTime(stat: "cpu  100 0 50 800 10 0 40 0 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n"))
        let end = try #require(MachineTime(stat: "cpu  300 5 150 1100 30 5 90 320 100 0\n"))
        #expect(begin == MachineTime(stat: "cpu 100 0 50 800 10 0 40 0"))
        let use = try #require(MachineUse(from: begin, to: end))
        #expect(use.busy == 0.36, "200 + 5 + 100 + 5 + 50 of 1,000 ticks")
        #expect(use.stolen == 0.32)
        #expect(MachineUse(from: end, to: end) == nil)
        for latenessMs: Int64 in [0, 200] {
            var result = Self.result(latenessMs: latenessMs)
            #expect(!ResultsTable.text([result]).contains("the machine"))
            result.machine = use
            #expect(ResultsTable.text([result]).contains("  the machine was 36 % busy; its host took 32 % for others\n"))
            #expect(Self.scenario(try Self.json([result]))?["maquina"]?["tomada"] == .number("0.320"))
        }
        var quiet = Self.result()
        quiet.machine = MachineUse(from: begin, to: try #require(MachineTime(stat: "cpu 200 0 50 1100 10 0 40 0")))
        #expect(ResultsTable.text([quiet]).contains("  the machine was 25 % busy\n"))
    }

    @Test(arguments: ["", "cpu", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 4 5 6 7", "cpu 1 2 3 4 5 6 x 8"])
    func `what is no reading of the machine is none`(text: String) {
        #expect(MachineTime(stat: text) == nil)
    }

    @Test func `a token is never printed`() {
        let token = Token("secret-token")!
        #expect(!"\(token) \(String(reflecting: token))".contains("secret"))
        #expect(Token("a\r\nb") == nil)
    }

    @Test func `addresses are read`() {
        #expect(HTTPAddress(url: "http://127.0.0.1:8080/")?.port == 8080)
        #expect(HTTPAddress(url: "http://localhost")?.port == 80)
        for url in ["https://a", "http://", "http://a:0", "http://a:x", "http://a:1:2", "http://a/b", "ftp://a"] {
            #expect(HTTPAddress(url: url) == nil, "\(url)")
        }
    }
}
