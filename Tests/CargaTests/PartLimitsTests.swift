import Foundation
import Testing

@testable import Carga

@Suite struct PartLimitsTests {
    private static func limits(_ text: String) throws -> PartLimits {
        let path = FileManager.default.temporaryDirectory.appending(path: "limites-teste-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(filePath: path))
        return try PartLimits(path: path)
    }

    private static let written = #"{"partes":{"A":30000},"compostos":{"escrita":5000,"lote":0}}"#

    private static func result(_ figure: String, _ value: Double) -> ScenarioResult {
        var result = ScenarioResult(name: .limite)
        result.figures = [Figure(name: figure, label: "a rate", value: value, unit: "/s")]
        return result
    }

    @Test func `a figure has its ratio to the limit of its parts`() throws {
        let limits = try Self.limits(Self.written)
        let held = limits.compared(Self.result("limite_por_segundo", 3500))
        #expect(held.figures[0].ratio?.value == 0.7)
        #expect(ResultsTable.text([held]).contains("0.70 of the composed write limit, 5000 (target 0.60: met)"))
        let drained = limits.compared(Self.result("rajada_por_segundo", 12_000))
        #expect(ResultsTable.text([drained]).contains("0.40 of applying alone, 30,000 (target 0.50: missed)"))
    }

    @Test func `the peak has the figures of a minimal service`() throws {
        let limits = try Self.limits(
            #"{"partes":{},"compostos":{},"pico":{"nu_escrita_p99_us":2150,"nu_processador_milesimos":210,"insercao_p99_us":3000}}"#)
        let figures = limits.compared(ScenarioResult(name: .pico)).figures
        #expect(figures.map(\.name) == ["pico_nu_p99_escrita_ms", "pico_nu_processador", "pico_nu_p99_insercao_ms"])
        #expect(figures.map(\.value) == [2.15, 0.21, 3])
        #expect(limits.compared(ScenarioResult(name: .leitura)).figures.isEmpty)
    }

    @Test(arguments: ["lote_consolidados_por_segundo", "leitura_por_segundo", "another"])
    func `what was not measured has no ratio`(figure: String) throws {
        #expect(try Self.limits(Self.written).compared(Self.result(figure, 1)).figures[0].ratio == nil)
    }

    @Test(arguments: ["", "{", "[]", #"{"partes":{}}"#])
    func `a file of something else is refused`(text: String) {
        #expect(throws: PartLimits.Unreadable.self) { try Self.limits(text) }
    }
}
