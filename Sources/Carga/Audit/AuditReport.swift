import FluxoDeCaixa

/// A day of an account in which the balance is not what was acknowledged.
struct DayDifference: Equatable, Sendable {
    let conta: String
    let dia: Dia
    let expected: DaySum
    let seen: DaySum
    /// Whether the day's opening or closing balance does not follow from what the days hold.
    var hasWrongBalance = false
}

/// What an audit found.
struct AuditReport: Sendable {
    /// How many differences are shown.
    static let shownMax = 20

    var attempted = 0
    var acknowledged = 0
    /// Without a clear answer at first.
    var unclear = 0
    var settledAsRegistered = 0
    var settledAsAbsent = 0
    /// Still without one: neither found nor certainly absent.
    var unsettled = 0
    /// Registered, but in no balance.
    var lost = 0
    /// In the balance more often than registered.
    var duplicated = 0
    /// Registered, though that was refused or never sent.
    var unexpected = 0
    /// Days that differ, for whatever reason.
    var differingDays = 0
    /// The first of them.
    var differences: [DayDifference] = []
    /// From the end of the load until the balances had everything or stopped changing.
    var waited: Duration = .zero

    var passes: Bool { self.differingDays == 0 && self.unsettled == 0 }
    var lostShare: Double { self.acknowledged == 0 ? 0 : Double(self.lost) / Double(self.acknowledged) }
}

/// Compares what was acknowledged with what balances show.
struct AuditComparison {
    private(set) var report: AuditReport
    /// Days that hold more than was acknowledged: which of duplicated or unexpected that is, the list of entries tells.
    private(set) var surplus: [(conta: Int, dia: Int, surplus: Int)] = []
    private let plan: EntryPlan
    private let ledger: Ledger

    init(plan: EntryPlan, ledger: Ledger) {
        self.plan = plan
        self.ledger = ledger
        self.report = AuditReport(
            attempted: ledger.attempted, acknowledged: ledger.acknowledged, unclear: ledger.unclear,
            settledAsRegistered: ledger.settledAsRegistered, settledAsAbsent: ledger.settledAsAbsent,
            unsettled: ledger.unknown.count + ledger.forgotten)
    }

    /// Takes the days of an account, in the plan's order.
    mutating func take(conta: Int, _ days: [DaySeen]) {
        var opening: Int128 = 0
        for (dia, seen) in days.enumerated() {
            let expected = self.ledger[conta: conta, dia: dia]
            // Against what the days before show, so that one wrong day is not found in all that follow.
            let isRight = seen.saldoInicialCentavos == opening && seen.saldoFinalCentavos == opening + seen.sum.saldoCentavos
            opening = seen.saldoFinalCentavos
            guard expected != seen.sum || !isRight else { continue }
            self.differ(conta, dia, expected, seen.sum, hasWrongBalance: !isRight)
        }
    }

    /// Takes how many entries are registered on a day that holds too much.
    mutating func take(registered: Int?, conta: Int, dia: Int, surplus: Int) {
        let acknowledged = self.ledger[conta: conta, dia: dia].quantidade
        let unexpected = min(surplus, max(0, (registered ?? acknowledged) - acknowledged))
        self.report.unexpected += unexpected
        self.report.duplicated += surplus - unexpected
    }

    private mutating func differ(_ conta: Int, _ dia: Int, _ expected: DaySum, _ seen: DaySum, hasWrongBalance: Bool) {
        let credits = seen.quantidadeCreditos - expected.quantidadeCreditos
        let debits = seen.quantidadeDebitos - expected.quantidadeDebitos
        self.report.lost += max(0, -credits) + max(0, -debits)
        let more = max(0, credits) + max(0, debits)
        if more > 0 { self.surplus.append((conta, dia, more)) }
        self.report.differingDays += 1
        guard self.report.differences.count < AuditReport.shownMax else { return }
        self.report.differences.append(
            DayDifference(
                conta: self.plan.contas[conta], dia: self.plan.dias[dia], expected: expected, seen: seen,
                hasWrongBalance: hasWrongBalance))
    }
}
