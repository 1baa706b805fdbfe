import FluxoDeCaixa

/// A day of an account whose balance differs from what was acknowledged.
struct DayDifference: Equatable, Sendable {
    let conta: String
    let dia: Dia
    let expected: DaySum
    let seen: DaySum
    /// Whether the opening balance is not the closing one of the day before, or the closing one does not add the day's entries.
    var hasWrongBalance = false
}

struct AuditReport: Sendable {
    static let shownMax = 20

    var attempted = 0
    var acknowledged = 0
    /// Entries without a clear answer under load.
    var unclear = 0
    var settledAsRegistered = 0
    var settledAsAbsent = 0
    /// Entries that are neither found nor certainly absent after the audit.
    var unsettled = 0
    /// Registered, but in no balance.
    var lost = 0
    /// In a balance more often than registered.
    var duplicated = 0
    /// Registered, although they were refused or never sent.
    var unexpected = 0
    var differingDays = 0
    var differences: [DayDifference] = []
    /// From the end of the load until the balances were complete or stopped changing.
    var waited: Duration = .zero

    var passes: Bool { self.differingDays == 0 && self.unsettled == 0 }
    var lostShare: Double { self.acknowledged == 0 ? 0 : Double(self.lost) / Double(self.acknowledged) }
}

/// Compares what was acknowledged with what the balances show.
struct AuditComparison {
    private(set) var report: AuditReport
    /// Days that hold more than was acknowledged. The list of entries decides whether the surplus is duplicated or unexpected.
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

    /// Compares the days of an account, in the plan's order.
    mutating func take(conta: Int, _ days: [DaySeen]) {
        var opening: Int128 = 0
        for (dia, seen) in days.enumerated() {
            let expected = self.ledger[conta: conta, dia: dia]
            // Compared with the balance shown for the day before, so that one wrong day does not fail every later one.
            let isRight = seen.saldoInicialCentavos == opening && seen.saldoFinalCentavos == opening + seen.sum.saldoCentavos
            opening = seen.saldoFinalCentavos
            guard expected != seen.sum || !isRight else { continue }
            self.differ(conta, dia, expected, seen.sum, hasWrongBalance: !isRight)
        }
    }

    /// Classifies the surplus of a day by the number of entries registered on it; nil if that is not known.
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
