import Contrato
import FluxoDeCaixa
import Testing

@testable import Lancamentos

@Suite struct CountingPlanTests {
    private static let agora = Instante(parsing: "2026-11-29T10:00:30Z")!
    private static func minuto(_ text: String) -> Minuto { Minuto(Instante(parsing: "2026-11-29T\(text):00Z")!) }

    private static func plan(
        _ positions: [Conferencia.Passagem: Minuto] = [:], oldestPending: String? = nil, agora: Instante = agora
    ) -> CountingPlan {
        CountingPlan(
            positions: positions, oldestPending: oldestPending.map { .lowerBound(of: Instante(parsing: "2026-11-29T\($0)Z")!) },
            agora: agora)
    }

    @Test func `entries are counted when five minutes have passed since the end of their minute`() {
        let positions: [Conferencia.Passagem: Minuto] = [.nova: Self.minuto("09:54"), .segunda: Self.minuto("09:39")]
        let plan = Self.plan(positions)
        #expect(plan.period(.nova) == Self.minuto("09:54")..<Self.minuto("09:55"))
        #expect(plan.period(.segunda) == Self.minuto("09:39")..<Self.minuto("09:40"))
        #expect(Self.plan(positions, agora: Instante(parsing: "2026-11-29T09:59:59.999Z")!).period(.nova) == nil)
    }

    @Test func `a pass goes on where it ended, also after days`() {
        var plan = Self.plan([.nova: Self.minuto("03:00")])
        #expect(plan.period(.nova) == Self.minuto("03:00")..<Self.minuto("09:55"))
        plan.counted(.nova, until: Self.minuto("07:00"))
        #expect(plan.period(.nova) == Self.minuto("07:00")..<Self.minuto("09:55"))
        plan.counted(.nova, until: Self.minuto("09:55"))
        #expect(plan.period(.nova) == nil)
    }

    @Test func `what was never counted is counted from an hour ago on, and all of it in the round`() {
        let plan = Self.plan()
        #expect(plan.period(.nova) == Self.minuto("08:55")..<Self.minuto("09:55"))
        #expect(plan.period(.segunda) == Self.minuto("08:40")..<Self.minuto("09:40"))
        #expect(plan.period(.ronda) == .primeiro..<Self.minuto("09:55"))
    }

    @Test func `a round that has ended begins again`() {
        #expect(Self.plan([.ronda: Self.minuto("05:00")]).period(.ronda) == Self.minuto("05:00")..<Self.minuto("09:55"))
        #expect(Self.plan([.ronda: Self.minuto("09:55")]).period(.ronda) == .primeiro..<Self.minuto("09:55"))
    }

    @Test func `no pass goes beyond an entry that the broker has not confirmed`() {
        let plan = Self.plan(
            [.nova: Self.minuto("09:20"), .segunda: Self.minuto("09:30"), .ronda: Self.minuto("09:22")], oldestPending: "09:25:10")
        #expect(plan.period(.nova) == Self.minuto("09:20")..<Self.minuto("09:25"))
        #expect(plan.period(.segunda) == nil)
        #expect(plan.period(.ronda) == Self.minuto("09:22")..<Self.minuto("09:25"))
        // A younger one holds nothing back.
        #expect(Self.plan(oldestPending: "09:59:59").end == Self.minuto("09:55"))
    }

    @Test func `after the clock was set back the first passes wait and the round goes on`() {
        let plan = Self.plan([.nova: Self.minuto("10:50"), .segunda: Self.minuto("10:35"), .ronda: Self.minuto("10:50")])
        #expect(plan.period(.nova) == nil)
        #expect(plan.period(.segunda) == nil)
        #expect(plan.period(.ronda) == .primeiro..<Self.minuto("09:55"))
    }
}
