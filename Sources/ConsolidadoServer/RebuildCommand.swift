import ArgumentParser
import Consolidado
import Contrato
import FluxoDeCaixa
import Logging
import Postgres
import Repair
import ServiceRuntime
import Storage

/// `rebuild`: makes balances right again from what was applied.
struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Recomputes balances from what was applied, while consumers keep running.",
        discussion: """
            Everything is added up again in one snapshot and compared; then each wrong number is corrected by its difference, which stays \
            right whatever consumers apply meanwhile. versao only grows, and news of each corrected day is sent. With --de-lancamentos what \
            was applied is made equal to the entry service's extract first: entries that are not registered are listed and removed, \
            registered ones that are missing are added. One rebuild runs at a time. \(ToolExit.help)
            """)

    private static let attemptsMax = 5
    private static let attemptPause: Duration = .milliseconds(200)
    private static let dateRoundsMax = 50
    /// Unique among the advisory locks of this database.
    private static let lockKey: Int64 = 7_235_911_408_223_145_004

    @OptionGroup var options: AuditOptions
    @OptionGroup var extract: ExtractOptions

    @Flag(help: "First makes what was applied equal to the entry service's extract.")
    var deLancamentos = false

    @Flag(help: "Changes nothing and lists what would be changed.")
    var simular = false

    @Flag(help: "With --de-lancamentos: goes on although no applied entry is in the extract.")
    var sim = false

    func run() async throws {
        try await ToolRun.reportingFailures {
            let logger = ToolRun.logger("rebuild")
            let configuration = try self.options.database()
            // The comparison holds its snapshot on one connection while corrections run on others.
            let reading = try await PostgresConnection.connect(configuration)
            let locked = try await reading.query("select pg_try_advisory_lock(\(Self.lockKey))").first?.decode(0, as: Bool.self)
            guard locked == true else { throw ToolFailure("another rebuild is running") }
            let database = PostgresClient.tool(configuration, logger: logger)
            let repair = PostgresBalanceRepair(client: database, logger: ToolRun.logger("rebuild", level: .debug))
            let balances = PostgresSaldoRepository(client: database, logger: ToolRun.logger("rebuild", level: .debug))
            let extract = self.deLancamentos ? try self.extract.extract(self.options.scope) : nil
            let command = self
            let left = try await ToolRun.with([database], logger: logger) {
                if let extract { try await command.followExtract(extract, repair, balances) }
                return try await command.correct(
                    PostgresBalanceAudit(connection: reading, logger: ToolRun.logger("rebuild", level: .debug)), repair)
            }
            await reading.close()
            if left > 0 {
                ToolOutput.line("\(left) accounts changed too often to correct their first and last day: repeat")
                throw ToolExit.incomplete
            }
        }
    }

    // MARK: - What was applied

    /// Reads the whole extract before anything is changed: an extract that ends early must not remove what it lacks.
    private func followExtract(
        _ extract: Extract, _ repair: PostgresBalanceRepair, _ balances: PostgresSaldoRepository
    ) async throws {
        let before = try extract.end(agora: SystemClock.agora())
        let scope = self.extract.scope(self.options.scope)
        let comparison = ExtractComparison(extract, before: before) { try await repair.applied($0, scope, limit: $1) }
        var list = DifferenceList(limit: self.options.limite)
        var (registered, notApplied, orphans) = (0, 0, 0)
        var progress = ToolProgress()
        try await comparison.run {
            registered = $0
            progress.update("compared \(registered) entries, \(list.count) differ")
        } found: { difference in
            if case .missing = difference { notApplied += 1 }
            if case .orphan = difference { orphans += 1 }
            progress.end()
            list.add(difference.line)
        }
        progress.end()
        guard orphans == 0 || notApplied < registered || self.sim else {
            throw ToolFailure("no applied entry is in the extract, which may be another system's: if it is the right one, add --sim")
        }
        guard !self.simular else {
            ToolOutput.line("extract: would change \(list.count) of \(registered) entries")
            return
        }
        let counts = try await self.apply(comparison, extract, ExtractRepair(entries: repair, balances: balances))
        ToolOutput.line("extract: removed \(counts.removed) applied entries, added \(counts.added)")
    }

    private func apply(_ comparison: ExtractComparison, _ extract: Extract, _ repair: ExtractRepair) async throws -> ExtractRepair.Counts {
        var (orphans, registered): ([LancamentoAplicavel], [LancamentoAplicavel]) = ([], [])
        var counts = ExtractRepair.Counts()
        var progress = ToolProgress()
        func step() async throws {
            let changed = try await Self.retrying { () async throws(StorageFailure) in
                try await repair.run(orphans: orphans, registered: registered)
            }
            counts.removed += changed.removed
            counts.added += changed.added
            (orphans, registered) = ([], [])
            progress.update("removed \(counts.removed), added \(counts.added)")
        }
        try await comparison.run { _ in
        } found: { difference in
            switch difference {
            // It may have been registered after that part of the extract was read, or have another day or account than was asked for.
            case .orphan(let entry):
                if let found = try await extract.find(entry.id) { registered.append(found) } else { orphans.append(entry) }
            case .missing(let entry), .different(_, let entry): registered.append(entry)
            }
            if orphans.count + registered.count >= ExtractRepair.stepEntriesMax { try await step() }
        }
        try await step()
        progress.end()
        return counts
    }

    // MARK: - Balances

    /// - Returns: the number of accounts whose first and last day could not be corrected.
    private func correct(_ audit: PostgresBalanceAudit, _ repair: PostgresBalanceRepair) async throws -> Int {
        var list = DifferenceList(limit: self.options.limite)
        let isSimulated = self.simular
        try await ToolProgress.elapsed("comparing balances with what was applied") {
            try await audit.run(self.options.scope) { page throws(StorageFailure) in
                for difference in page {
                    if list.count == 0 { ToolOutput.line(BalanceDifference.header) }
                    list.add(difference.line)
                }
                // A correction whose outcome is unknown is not repeated: it would count twice. The next run finds what is left.
                if !isSimulated { try await Self.retrying { () async throws(StorageFailure) in try await repair.correct(page) } }
            }
        }
        ToolOutput.line("balances: \(isSimulated ? "would correct" : "corrected") \(list.count) numbers")
        guard !isSimulated else { return 0 }
        var left = 1
        for _ in 0..<Self.dateRoundsMax where left > 0 { left = try await repair.correctDates(self.options.conta) }
        return left
    }

    /// Repeats a change that the database certainly did not make, as after a deadlock.
    private static func retrying<Value>(_ body: () async throws(StorageFailure) -> Value) async throws(StorageFailure) -> Value {
        for _ in 1..<self.attemptsMax {
            do throws(StorageFailure) {
                return try await body()
            } catch {
                guard error == .unavailable, (try? await Task.sleep(for: self.attemptPause)) != nil else { throw error }
            }
        }
        return try await body()
    }
}
