import FluxoDeCaixa
import Testing

@testable import Carga

@Suite struct LedgerTests {
    static let plan = EntryPlan(name: "t", contas: 3, dias: 2, ultimoDia: Dia(parsing: "2026-11-23")!, seed: 7)

    /// A ledger with the first entries acknowledged.
    static func ledger(acknowledged: Int) -> Ledger {
        var ledger = Ledger(contas: 3, dias: 2)
        for number in 0..<acknowledged {
            ledger.attempt()
            ledger.acknowledge(self.plan.entry(number))
        }
        return ledger
    }

    /// The correct balances of a ledger.
    static func seen(_ ledger: Ledger) -> [[DaySeen]] {
        (0..<3).map { conta in
            var opening: Int128 = 0
            return (0..<2).map { dia in
                let sum = ledger[conta: conta, dia: dia]
                defer { opening += sum.saldoCentavos }
                return DaySeen(sum: sum, saldoInicialCentavos: opening, saldoFinalCentavos: opening + sum.saldoCentavos)
            }
        }
    }

    static func compare(_ ledger: Ledger, _ seen: [[DaySeen]]) -> AuditComparison {
        var comparison = AuditComparison(plan: self.plan, ledger: ledger)
        for (conta, days) in seen.enumerated() { comparison.take(conta: conta, days) }
        return comparison
    }

    @Test func `entries are a function of their number, spread over accounts and days, half of them with a key`() {
        let plan = EntryPlan(name: "t", contas: 10, dias: 7, ultimoDia: Dia(parsing: "2026-11-23")!, seed: 1)
        let entries = (0..<7000).map { plan.entry($0) }
        #expect(entries == (0..<7000).map { plan.entry($0) })
        #expect(entries.count { $0.hasKey } == 3500)
        for conta in 0..<10 {
            for dia in 0..<7 { #expect((50...150).contains(entries.count { $0.conta == conta && $0.dia == dia })) }
        }
        #expect((3000...4000).contains(entries.count { $0.tipo == .credito }))
        #expect(plan.dias.first == Dia(parsing: "2026-11-17"))
        #expect(plan.contas.allSatisfy { Conta($0) != nil })
    }

    @Test func `what was acknowledged is summed by account and day`() {
        let ledger = Self.ledger(acknowledged: 500)
        let days = Self.seen(ledger).flatMap { $0 }
        #expect(days.reduce(0) { $0 + $1.sum.quantidade } == 500)
        let total = (0..<500).reduce(Int128(0)) { $0 + Int128(Self.plan.entry($1).valor.centavos) }
        #expect(days.reduce(0) { $0 + $1.sum.creditosCentavos + $1.sum.debitosCentavos } == total)
    }

    @Test func `what had no clear answer counts as it is settled`() {
        var ledger = Self.ledger(acknowledged: 10)
        ledger.attempt(2)
        ledger.leaveUnclear(10)
        ledger.leaveUnclear(11)
        let unknown = ledger.takeUnknown()
        #expect(unknown.map(\.number) == [10, 11])
        ledger.settle(Self.plan.entry(10), isRegistered: true)
        ledger.settle(Self.plan.entry(11), isRegistered: false)
        #expect(ledger.expected == 11)
        #expect(ledger.unclear == 2)
        #expect(Self.compare(ledger, Self.seen(ledger)).report.passes)
    }

    @Test func `right balances pass`() {
        let ledger = Self.ledger(acknowledged: 500)
        let report = Self.compare(ledger, Self.seen(ledger)).report
        #expect(report.passes)
        #expect(report.acknowledged == 500)
    }

    @Test func `a lost entry is found on its day and on no other`() throws {
        let ledger = Self.ledger(acknowledged: 500)
        var without = Self.ledger(acknowledged: 499)
        without.attempt()
        let report = Self.compare(ledger, Self.seen(without)).report
        #expect(!report.passes)
        #expect(report.lost == 1)
        #expect(report.duplicated + report.unexpected == 0)
        #expect(report.differingDays == 1)
        let difference = try #require(report.differences.first)
        let entry = Self.plan.entry(499)
        #expect(difference.conta == Self.plan.contas[entry.conta])
        #expect(difference.dia == Self.plan.dias[entry.dia])
        #expect(difference.expected.quantidade == difference.seen.quantidade + 1)
    }

    @Test func `what is there too often is duplicated, or unexpected if it is registered`() throws {
        let ledger = Self.ledger(acknowledged: 499)
        let more = Self.ledger(acknowledged: 500)
        for (registered, duplicated) in [(0, 1), (1, 0)] {
            var comparison = Self.compare(ledger, Self.seen(more))
            let surplus = try #require(comparison.surplus.first)
            let acknowledged = ledger[conta: surplus.conta, dia: surplus.dia].quantidade
            comparison.take(
                registered: acknowledged + registered, conta: surplus.conta, dia: surplus.dia, surplus: surplus.surplus)
            #expect(comparison.report.duplicated == duplicated)
            #expect(comparison.report.unexpected == 1 - duplicated)
            #expect(comparison.report.lost == 0)
        }
    }

    @Test func `one lost and one doubled on the same account do not cancel out`() {
        let ledger = Self.ledger(acknowledged: 500)
        var seen = Self.seen(ledger)
        // The same entries and amounts, but on other days.
        seen[0].swapAt(0, 1)
        #expect(!Self.compare(ledger, seen).report.passes)
    }

    @Test func `a balance that does not follow from its days is a difference`() {
        let ledger = Self.ledger(acknowledged: 500)
        var seen = Self.seen(ledger)
        seen[1][1].saldoFinalCentavos += 1
        let report = Self.compare(ledger, seen).report
        #expect(report.differingDays == 1)
        #expect(report.differences.first?.hasWrongBalance == true)
        #expect(report.lost + report.duplicated + report.unexpected == 0)
    }

    @Test func `what could not be settled fails the audit`() {
        var ledger = Self.ledger(acknowledged: 1)
        ledger.attempt()
        ledger.leaveUnclear(1)
        let report = Self.compare(ledger, Self.seen(ledger)).report
        #expect(report.unsettled == 1)
        #expect(!report.passes)
    }
}
