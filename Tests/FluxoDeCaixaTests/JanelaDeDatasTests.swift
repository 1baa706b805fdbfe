import FluxoDeCaixa
import Testing

@Suite struct JanelaDeDatasTests {
    @Test(arguments: [
        ("2026-11-24", "2016-11-24", true), ("2026-11-24", "2016-11-23", false), ("2026-11-24", "2026-11-24", true),
        ("2026-11-24", "2026-11-25", true), ("2026-11-24", "2026-11-26", false), ("2024-02-29", "2014-02-28", true),
        ("2024-02-29", "2014-02-27", false), ("2026-12-31", "2027-01-01", true), ("2026-12-31", "2027-01-02", false),
    ])
    func `the window goes from ten years back to tomorrow`(hoje: String, dia: String, aceita: Bool) throws {
        #expect(try JanelaDeDatas(hoje: #require(Dia(parsing: hoje))).aceita(#require(Dia(parsing: dia))) == aceita)
    }

    @Test func `the window is clamped at the first and the last day`() {
        #expect(JanelaDeDatas(hoje: .primeiro).primeira == .primeiro)
        #expect(JanelaDeDatas(hoje: .ultimo).ultima == .ultimo)
    }

    @Test func `the window names its limits`() throws {
        #expect(try JanelaDeDatas(hoje: #require(Dia(parsing: "2026-11-24"))).description == "de 2016-11-24 a 2026-11-25")
    }
}
