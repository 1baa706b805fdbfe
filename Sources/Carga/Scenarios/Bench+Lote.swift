import Foundation
import NIOCore

extension Bench {
    /// Half of the 4 that the service accepts at once, so that other callers find a place.
    private static let lotesAtOnce = 2
    private static let loteSeconds = 20.0

    /// Entries a second by lotes. A closed loop: the next lote is sent after an answer.
    func lote() async throws -> ScenarioResult {
        var (plan, ledger) = self.makeRun()
        var result = ScenarioResult(
            name: .lote,
            description:
                "\(LoteSender.entriesMax) entries a lote, \(Self.lotesAtOnce) at a time for \(Text.rate(Self.loteSeconds)) s (closed loop)")
        let clock = ContinuousClock()
        let begin = clock.now
        try await self.fill(plan, &ledger, entries: .max, until: begin + .seconds(Self.loteSeconds))
        let rate = Double(ledger.acknowledged) / ((clock.now - begin) / .seconds(1))
        result.figures = [Figure(name: "lote_lancamentos_por_segundo", label: "entries registered", value: rate, unit: "/s")]
        if ledger.acknowledged < ledger.attempted { result.fail("\(ledger.attempted - ledger.acknowledged) entries were not accepted") }
        result.take(try await self.audit(plan, &ledger))
        let drained = Double(ledger.expected) / ((clock.now - begin) / .seconds(1))
        result.figures.append(
            Figure(name: "lote_consolidados_por_segundo", label: "entries in the balances (audit included)", value: drained, unit: "/s"))
        return result
    }

    /// Compares both services before and after ten million entries, and measures the disk space of an entry.
    func crescimento() async throws -> ScenarioResult {
        var (plan, ledger) = self.makeRun()
        let entries = self.settings.growthEntries
        var result = ScenarioResult(name: .crescimento, description: "\(entries) entries by lotes, the peak before and after")
        guard let folder = self.settings.diskFolder else {
            result.verdict = .skipped("--disco is needed: the folder of the databases")
            return result
        }
        let freeBefore = try Disk.freeBytes(folder)
        let needed = Disk.neededBytes(entries: entries)
        guard freeBefore >= needed else {
            result.fail("\(folder) has \(freeBefore >> 30) GiB free, \(needed >> 30) GiB are needed")
            return result
        }
        let peakSeconds = min(30, self.settings.seconds)
        let before = try await self.peak(plan, &ledger, "before", seconds: peakSeconds, &result)
        let clock = ContinuousClock()
        let (begin, acknowledged) = (clock.now, ledger.acknowledged)
        try await self.fill(plan, &ledger, entries: entries)
        let rate = Double(ledger.acknowledged - acknowledged) / ((clock.now - begin) / .seconds(1))
        result.take(try await self.audit(plan, &ledger))
        let after = try await self.peak(plan, &ledger, "after", seconds: peakSeconds, &result)
        func p99Ms(_ peak: LoadResult) -> Double { peak.writes?.latencies.percentileMs(99) ?? 0 }
        let perEntry = Double(freeBefore - (try Disk.freeBytes(folder))) / Double(ledger.expected)
        result.take(try await self.audit(plan, &ledger))
        result.figures = [
            Figure(name: "crescimento_lancamentos_por_segundo", label: "entries registered", value: rate, unit: "/s"),
            Figure(name: "crescimento_bytes_por_lancamento", label: "disk (all writers)", value: perEntry, unit: "B/entry"),
            Figure(name: "crescimento_p99_antes_ms", label: "p99 of writes before", value: p99Ms(before), unit: "ms"),
            Figure(name: "crescimento_p99_depois_ms", label: "p99 of writes after", value: p99Ms(after), unit: "ms"),
        ]
        return result
    }

    func fill(_ plan: EntryPlan, _ ledger: inout Ledger, entries: Int, until end: ContinuousClock.Instant? = nil) async throws {
        let progress = self.progress
        let clock = ContinuousClock()
        let begin = clock.now
        var faults: [String: Int] = [:]
        var filled = ledger
        let first = ledger.attempted
        try await self.withSenders(answerMax: .seconds(120)) { lancamentos, _ in
            faults = try await LoteSender(plan: plan, sender: lancamentos).fill(
                &filled, entries: entries, until: end, lotesAtOnce: Self.lotesAtOnce
            ) { ledger in
                let rate = Double(ledger.attempted - first) / max(0.001, (clock.now - begin) / .seconds(1))
                progress.follow("\(ledger.attempted) entries, \(Text.rate(rate))/s")
            }
        }
        ledger = filled
        for (fault, count) in faults { progress.say("\(count) lotes: \(fault)") }
    }
}

enum Disk {
    /// An upper estimate of an entry's rows and indexes in both databases, and its share of the write-ahead logs and of the broker's segments.
    private static let bytesPerEntry = 1500
    /// The space that must stay free.
    private static let marginBytes = 4 << 30

    static func neededBytes(entries: Int) -> Int { entries * self.bytesPerEntry + self.marginBytes }

    /// The free space that an ordinary user can use on the disk of a folder.
    static func freeBytes(_ folder: String) throws(BenchFailure) -> Int {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { throw BenchFailure("\(folder): errno \(errno)") }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
