extension Bench {
    /// A rate holds if its p99 latency is below this.
    static let p99MaxMs = 100.0
    private static let stepSeconds = 10.0
    private static let stepWarmUpSeconds = 2.0
    /// The highest step: one process cannot offer more from two cores that it shares.
    private static let rateMax = 50_000.0

    /// Searches the highest rate of writes that holds without loss.
    func limite() async throws -> ScenarioResult {
        let result = try await self.search(.limite, label: "highest rate of writes held") { $0.writesPerSecond = $1 }
        self.limitFound = .some(result.figures.first?.value)
        return result
    }

    /// Searches the highest rate of reads of a day that holds.
    func leitura() async throws -> ScenarioResult {
        try await self.search(.leitura, label: "highest rate of reads held") { spec, rate in
            spec.readsPerSecond = rate
            spec.readsPeriods = false
        }
    }

    /// The highest rate of writes: given as an option, found earlier in this run, or searched now; nil if no rate was held.
    func limit() async throws -> Double? {
        if let limit = self.settings.limitPerSecond { return limit }
        if let limitFound { return limitFound }
        self.progress.say("searching the limit first (--limite gives it)")
        return try await self.limite().figures.first?.value
    }

    private func search(
        _ name: Scenario, label: String, _ set: (inout LoadSpec, Double) -> Void
    ) async throws -> ScenarioResult {
        var (plan, ledger) = self.makeRun()
        var result = ScenarioResult(
            name: name, description: "steps of \(Text.rate(Self.stepSeconds)) s, p99 < \(Text.rate(Self.p99MaxMs)) ms")
        // The reads need entries.
        if name == .leitura { try await self.fill(plan, &ledger, entries: 2 * self.settings.contas) }
        var search = StepSearch(first: 500, highest: Self.rateMax)
        var (lowestBroken, wasOurs) = (Double.infinity, false)
        while let rate = search.next {
            var spec = LoadSpec(
                plan: plan, ledger: ledger,
                times: LoadTimes(
                    warmUp: .seconds(Self.stepWarmUpSeconds), measured: .seconds(Self.stepSeconds), overdueMax: .seconds(2)),
                followsEntries: false, connectionsMax: self.settings.connectionsMax)
            set(&spec, rate)
            let load = try await self.load(spec)
            ledger = load.ledger
            guard let measures = load.streams.first else { break }
            let audit = try await self.audit(plan, &ledger)
            let reason = Self.whyNotHeld(measures, audit)
            search.take(rate, holds: reason == nil)
            if reason != nil, rate < lowestBroken { (lowestBroken, wasOurs) = (rate, measures.notOffered != nil) }
            let p99 = Text.ms(measures.latencies.percentileMs(99))
            result.notes.append("\(Text.rate(rate))/s: p99 \(p99) ms, \(reason.map { "not held: \($0)" } ?? "held")")
            self.progress.say(result.notes.last ?? "")
            result.ownCPU += load.ownCPU
            result.wall += load.wall
            result.audit = audit
            if reason == nil { result.streams = [measures] }
            if !audit.passes { break }
        }
        if wasOurs {
            result.notes.append("the limit may be carga's and not the system's: carga could not offer \(Text.rate(lowestBroken))/s")
        }
        if let audit = result.audit { result.take(audit) }
        guard let held = search.held else {
            result.fail("no rate was held")
            return result
        }
        result.figures = [Figure(name: "\(name.rawValue)_por_segundo", label: label, value: held, unit: "/s")]
        return result
    }

    /// The reason why a step does not hold; nil if it does.
    private static func whyNotHeld(_ measures: StreamMeasures, _ audit: AuditReport) -> String? {
        if !audit.passes { return "the audit found differences" }
        if let reason = measures.notOffered { return reason }
        if measures.sentInTime * 100 < measures.due * 99 { return "every connection was busy, up to \(measures.waitingMax) waited" }
        if measures.errors > 0 { return "\(measures.errors) not accepted" }
        guard let p99 = measures.latencies.percentileMs(99) else { return "no answers" }
        return p99 < Self.p99MaxMs ? nil : "p99"
    }
}

/// Searches the highest rate that holds: doubles the rate until one does not hold, then halves the gap until it is small.
///
/// A rate that does not hold is tried once more before it counts as broken, because a machine has short disturbances.
struct StepSearch: Sendable {
    /// The gap at which the search ends, as a share of the held rate.
    static let precision = 0.1
    /// The search never takes more steps.
    static let stepsMax = 24

    /// The highest rate that held; nil if none has.
    private(set) var held: Double?
    /// The lowest rate that did not hold.
    private(set) var broken: Double?
    private(set) var steps = 0
    private var doubted: Double?
    private let first: Double
    private let highest: Double

    init(first: Double, highest: Double) {
        self.first = min(first, highest)
        self.highest = highest
    }

    /// The next rate to try; nil when the search is over.
    var next: Double? {
        guard self.steps < Self.stepsMax else { return nil }
        if let doubted { return doubted }
        switch (self.held, self.broken) {
        case (nil, nil): return self.first
        case (let held?, nil): return held < self.highest ? min(held * 2, self.highest) : nil
        case (nil, let broken?): return broken > self.first / 16 ? broken / 2 : nil
        case (let held?, let broken?): return broken - held > held * Self.precision ? ((held + broken) / 2).rounded() : nil
        }
    }

    mutating func take(_ rate: Double, holds: Bool) {
        self.steps += 1
        if holds {
            self.doubted = nil
            self.held = max(rate, self.held ?? rate)
        } else if self.doubted == nil {
            self.doubted = rate
        } else {
            self.doubted = nil
            self.broken = min(rate, self.broken ?? rate)
        }
    }
}
