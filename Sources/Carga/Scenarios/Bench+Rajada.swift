extension Bench {
    private static let drainPoll = Duration.milliseconds(50)
    private static let publishedMax = Duration.seconds(120)

    /// Stops consolidado while entries arrive, starts it, and measures how fast it drains the backlog.
    func rajada() async throws -> ScenarioResult {
        var result = ScenarioResult(
            name: .rajada,
            description:
                "consolidado stopped for \(Text.rate(self.settings.seconds)) s of \(Text.rate(self.settings.writesPerSecond)) writes/s")
        guard self.settings.scaleCommand != nil else {
            result.verdict = .skipped("--escalar is needed")
            return result
        }
        let instances = self.settings.target.consolidados.count
        let (plan, ledger) = self.makeRun()
        try await self.scale(to: 0)
        let load = try await self.load(
            LoadSpec(
                plan: plan, ledger: ledger, writesPerSecond: self.settings.writesPerSecond, times: self.times(),
                followsEntries: false, connectionsMax: self.settings.connectionsMax))
        result.take(load)
        if let writes = load.writes, writes.errors > 0 {
            result.fail("\(writes.errors) writes were not accepted while consolidado was away")
        }
        var settled = load.ledger
        let drain = try await self.drain(plan, expected: settled.expected, instances: instances)
        result.figures = [
            Figure(name: "rajada_por_segundo", label: "backlog drained by \(instances)", value: drain.perSecond, unit: "/s"),
            Figure(name: "rajada_segundos", label: "from the start command to the last entry", value: drain.seconds, unit: "s"),
        ]
        result.take(try await self.audit(plan, &settled))
        return result
    }

    /// Measures the same backlog with 1, 2 and 4 consumers.
    func escala() async throws -> ScenarioResult {
        var result = ScenarioResult(
            name: .escala, description: "\(self.settings.backlogEntries) entries of backlog drained by 1, 2 and 4 consumers")
        guard self.settings.scaleCommand != nil else {
            result.verdict = .skipped("--escalar is needed")
            return result
        }
        let before = self.settings.target.consolidados.count
        for instances in [1, 2, 4] {
            var (plan, ledger) = self.makeRun()
            try await self.scale(to: 0)
            let published = try await self.publishedEvents()
            try await self.fill(plan, &ledger, entries: self.settings.backlogEntries)
            // Otherwise the publishing of the entry service would be measured.
            try await self.waitUntilPublished(published + ledger.acknowledged)
            let drain = try await self.drain(plan, expected: ledger.expected, instances: instances)
            result.figures.append(
                Figure(name: "escala_\(instances)_por_segundo", label: "drained by \(instances)", value: drain.perSecond, unit: "/s"))
            result.take(try await self.audit(plan, &ledger))
            if let audit = result.audit, !audit.passes { break }
        }
        try await self.scale(to: before)
        return result
    }

    private func publishedEvents() async throws -> Int {
        try await self.withSenders { lancamentos, _ in
            let answer = try await lancamentos.send { $0.get("/metrics") }
            guard let count = PublishedEvents.count(metrics: String(decoding: answer.bytes, as: UTF8.self)) else {
                throw BenchFailure("the metrics of the entry service do not show how many events it has published")
            }
            return count
        }
    }

    /// Waits until the entry service has published this many events since it started.
    private func waitUntilPublished(_ expected: Int) async throws {
        let deadline = ContinuousClock.now + Self.publishedMax
        while try await self.publishedEvents() < expected {
            guard ContinuousClock.now < deadline else { throw BenchFailure("entries are still unpublished after \(Self.publishedMax)") }
            try await Task.sleep(for: Self.drainPoll)
        }
    }

    /// Starts consolidado and waits until the balances are complete.
    ///
    /// The rate is measured from the first look that finds entries to the one that finds all, so that it excludes the start of the process.
    private func drain(_ plan: EntryPlan, expected: Int, instances: Int) async throws -> (perSecond: Double, seconds: Double) {
        let clock = ContinuousClock()
        let begin = clock.now
        try await self.scale(to: instances)
        let progress = self.progress
        let limits = Auditor.Limits(pollInterval: Self.drainPoll)
        // The instances begin before the first look, so the entries that it finds are left out of the rate.
        var first: (seen: Int, at: ContinuousClock.Instant)?
        let seen = try await self.withSenders { lancamentos, consolidado in
            try await Auditor(plan: plan, lancamentos: lancamentos, consolidado: consolidado, limits: limits)
                .waitForBalances(expected: expected) { seen in
                    if first == nil, seen > 0 { first = (seen, clock.now) }
                    progress.follow("\(seen) of \(expected) entries in the balances")
                }
        }
        let end = clock.now
        guard let first, seen > first.seen, end > first.at else {
            // Drained at the first look. This rate is a lower bound.
            return (Double(seen) / ((end - begin) / .seconds(1)), (end - begin) / .seconds(1))
        }
        return (Double(seen - first.seen) / ((end - first.at) / .seconds(1)), (end - begin) / .seconds(1))
    }
}

/// The number of events that an entry service has published, from its metrics.
///
/// The counters are current. The gauge of unpublished events is some seconds old and is 0 right after the first entries.
enum PublishedEvents {
    private static let outcomes = ["confirmed", "confirmed_direct"]

    /// The events confirmed by the broker since the service started; nil if the metrics are missing.
    static func count(metrics: String) -> Int? {
        var counts: [Int] = []
        for line in metrics.split(separator: "\n") {
            for outcome in self.outcomes where line.hasPrefix("fluxo_publish_total{outcome=\"\(outcome)\"} ") {
                guard let count = line.split(separator: " ").last.flatMap({ Int($0) }) else { return nil }
                counts.append(count)
            }
        }
        return counts.count == self.outcomes.count ? counts.reduce(0, +) : nil
    }
}
