extension Bench {
    /// The peak that the system is made for.
    func pico() async throws -> ScenarioResult {
        try await self.steady(
            .pico, writesPerSecond: self.settings.writesPerSecond, readsPerSecond: self.settings.readsPerSecond,
            seconds: self.settings.seconds)
    }

    /// Ten minutes at half the limit.
    func estavel() async throws -> ScenarioResult {
        guard let limit = try await self.limit() else {
            return ScenarioResult(name: .estavel, verdict: .failed("no rate was held that could be halved"))
        }
        var result = try await self.steady(.estavel, writesPerSecond: (limit / 2).rounded(), readsPerSecond: 100, seconds: 600)
        guard let seconds = result.streams.first?.seconds, seconds.count >= 120 else { return result }
        func median(_ part: ArraySlice<SecondMeasures>) -> Double {
            let sorted = part.compactMap(\.p99Ms).sorted()
            return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        }
        let warmUp = Int(self.settings.warmUpSeconds)
        result.figures.append(
            Figure(name: "p99_primeiro_minuto_ms", label: "p99, first minute", value: median(seconds[warmUp..<(warmUp + 60)]), unit: "ms"))
        result.figures.append(
            Figure(name: "p99_ultimo_minuto_ms", label: "p99, last minute", value: median(seconds.suffix(60)), unit: "ms"))
        return result
    }

    /// Load at constant rates, of which every request must be answered as wanted.
    private func steady(_ name: Scenario, writesPerSecond: Double, readsPerSecond: Double, seconds: Double) async throws -> ScenarioResult {
        let (plan, ledger) = self.makeRun()
        let load = try await self.load(
            LoadSpec(
                plan: plan, ledger: ledger, writesPerSecond: writesPerSecond, readsPerSecond: readsPerSecond,
                times: self.times(seconds: seconds), connectionsMax: self.settings.connectionsMax))
        var result = ScenarioResult(name: name)
        result.description =
            "\(Text.rate(writesPerSecond)) writes/s and \(Text.rate(readsPerSecond)) reads/s for \(Text.rate(seconds)) s"
        result.take(load)
        var settled = load.ledger
        result.take(try await self.audit(plan, &settled))
        let medians = [
            ("p99_escrita_ms", "writes", load.writes?.segments), ("p99_visivel_ms", "visible", load.visible?.segments),
            ("p99_leitura_ms", "reads", load.reads?.segments),
        ]
        for (figure, label, segments) in medians {
            guard let p99 = segments?.medianP99Ms else { continue }
            result.figures.append(
                Figure(name: "\(name.rawValue)_\(figure)", label: "\(label), median p99 of \(Segments.seconds) s", value: p99, unit: "ms"))
        }
        for stream in load.streams where stream.errors > 0 { result.fail("\(stream.errors) \(stream.name) were not accepted") }
        return result
    }
}
