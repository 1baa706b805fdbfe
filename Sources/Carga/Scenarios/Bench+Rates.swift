extension Bench {
    private static let overloadSeconds = 20.0
    private static let recoverySeconds = 15.0
    private static let recoveryMaxSeconds = 5
    private static let acceptedP99MaxMs = 1000.0

    /// The peak load that the system is designed for.
    func pico() async throws -> ScenarioResult {
        try await self.steady(
            .pico, writesPerSecond: self.settings.writesPerSecond, readsPerSecond: self.settings.readsPerSecond,
            seconds: self.settings.seconds)
    }

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

    /// Load at constant rates. Every request must be accepted.
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

    /// Runs a peak that is part of a longer scenario, and notes both streams.
    func peak(
        _ plan: EntryPlan, _ ledger: inout Ledger, _ name: String, seconds: Double, _ result: inout ScenarioResult
    ) async throws -> LoadResult {
        let load = try await self.load(
            LoadSpec(
                plan: plan, ledger: ledger, writesPerSecond: self.settings.writesPerSecond, readsPerSecond: self.settings.readsPerSecond,
                times: self.times(seconds: seconds), connectionsMax: self.settings.connectionsMax))
        ledger = load.ledger
        result.take(load)
        for stream in load.streams {
            let (p50, p99) = (Text.ms(stream.latencies.percentileMs(50)), Text.ms(stream.latencies.percentileMs(99)))
            result.notes.append("\(name): \(stream.name) p50 \(p50) ms, p99 \(p99) ms, \(stream.errors) not accepted")
        }
        return load
    }

    func sobrecarga() async throws -> ScenarioResult {
        guard let limit = try await self.limit() else {
            return ScenarioResult(name: .sobrecarga, verdict: .failed("no rate was held that could be doubled"))
        }
        let (plan, ledger) = self.makeRun()
        var result = ScenarioResult(
            name: .sobrecarga,
            description:
                "\(Text.rate(2 * limit)) writes/s (twice the limit) for \(Text.rate(Self.overloadSeconds)) s, then \(Text.rate(limit / 2))/s"
        )
        let overload = try await self.load(
            LoadSpec(
                plan: plan, ledger: ledger, writesPerSecond: 2 * limit,
                times: self.times(seconds: Self.overloadSeconds, warmUpSeconds: 2), followsEntries: false,
                connectionsMax: self.settings.overloadConnectionsMax))
        result.take(overload)
        let recovery = try await self.load(
            LoadSpec(
                plan: plan, ledger: overload.ledger, writesPerSecond: (limit / 2).rounded(),
                times: self.times(seconds: Self.recoverySeconds, warmUpSeconds: 0), followsEntries: false,
                connectionsMax: self.settings.overloadConnectionsMax))
        result.ownCPU += recovery.ownCPU
        result.wall += recovery.wall
        self.judge(overload.writes, recovery.writes, &result)
        var settled = recovery.ledger
        result.take(try await self.audit(plan, &settled))
        return result
    }

    private func judge(_ overload: StreamMeasures?, _ recovery: StreamMeasures?, _ result: inout ScenarioResult) {
        guard let overload, let recovery else { return }
        let p99 = overload.latencies.percentileMs(99) ?? .infinity
        if p99 >= Self.acceptedP99MaxMs {
            result.fail("p99 of what was accepted is \(Text.ms(p99)) ms, up to \(Text.rate(Self.acceptedP99MaxMs)) ms are allowed")
        }
        if overload.shedWithoutRetryAfter > 0 { result.fail("\(overload.shedWithoutRetryAfter) were shed without Retry-After") }
        if overload.refusedCount > 0 { result.fail("\(overload.refusedCount) were refused: \(overload.refused)") }
        let recovered = Recovery.seconds(recovery.seconds, p99MaxMs: Self.p99MaxMs)
        if recovered.map({ $0 > Self.recoveryMaxSeconds }) ?? true { result.fail("it did not recover within \(Self.recoveryMaxSeconds) s") }
        result.figures = [
            Figure(name: "sobrecarga_aceitos_por_segundo", label: "accepted under overload", value: overload.acceptedPerSecond, unit: "/s"),
            Figure(name: "sobrecarga_recusados", label: "shed (503 or 429)", value: Double(overload.shed), unit: ""),
            Figure(name: "sobrecarga_p99_ms", label: "p99 of what was accepted", value: p99, unit: "ms"),
        ]
        if let recovered {
            result.figures.append(
                Figure(name: "sobrecarga_recuperacao_s", label: "recovered within", value: Double(recovered), unit: "s"))
        }
    }
}

/// The recovery of a system after an overload.
enum Recovery {
    /// The number of seconds before every later second is fast and without faults; nil if there is no such second.
    static func seconds(_ seconds: [SecondMeasures], p99MaxMs: Double) -> Int? {
        let lastBad = seconds.lastIndex { second in
            second.shed + second.failed > 0 || second.accepted == 0 || (second.p99Ms ?? .infinity) >= p99MaxMs
        }
        guard let lastBad else { return 0 }
        return lastBad + 1 < seconds.count ? lastBad + 1 : nil
    }
}
