import ArgumentParser
import Consolidado
import Contrato
import FluxoDeCaixa
import Logging
import Postgres
import Repair
import ServiceRuntime

/// `audit`: compares balances with what was applied, and that with what is registered.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Compares every daily balance with what was applied. Changes nothing.",
        discussion: """
            Days, months and accounts are compared in one snapshot of the database while consumers keep running. With --contra-lancamentos \
            what was applied is also compared, entry by entry, with what the entry service has registered until now; entries on their way \
            get 15 s to arrive. A table shows the differences. \(ToolExit.help)
            """)

    @OptionGroup var options: AuditOptions
    @OptionGroup var extract: ExtractOptions

    @Flag(help: "Also compares what was applied with the entry service's extract.")
    var contraLancamentos = false

    func run() async throws {
        try await ToolRun.reportingFailures {
            var found = try await self.compareBalances()
            if self.contraLancamentos { found += try await self.compareExtract() }
            if found > 0 { throw ToolExit.incomplete }
        }
    }

    private func compareBalances() async throws -> Int {
        var list = DifferenceList(limit: self.options.limite)
        let connection = try await PostgresConnection.connect(self.options.database())
        let audit = PostgresBalanceAudit(connection: connection, logger: ToolRun.logger("audit", level: .debug))
        try await ToolProgress.elapsed("comparing balances with what was applied") {
            try await audit.run(self.options.scope) { page in
                for difference in page {
                    if list.count == 0 { ToolOutput.line(BalanceDifference.header) }
                    list.add(difference.line)
                }
            }
        }
        await connection.close()
        ToolOutput.line("balances: \(list.count) numbers differ from what was applied")
        return list.count
    }

    private func compareExtract() async throws -> Int {
        let logger = ToolRun.logger("audit")
        let database = PostgresClient.tool(try self.options.database(), logger: logger)
        let repair = PostgresBalanceRepair(client: database, logger: ToolRun.logger("audit", level: .debug))
        let scope = self.extract.scope(self.options.scope)
        let extract = try self.extract.extract(self.options.scope)
        let before = try extract.end(agora: SystemClock.agora())
        let limit = self.options.limite
        let (compared, found) = try await ToolRun.with([database], logger: logger) {
            var list = DifferenceList(limit: limit)
            var young = YoungEntries(before: before)
            var progress = ToolProgress()
            var compared = 0
            try await ExtractComparison(extract, before: before) { try await repair.applied($0, scope, limit: $1) }.run {
                compared = $0
                progress.update("compared \(compared) entries, \(list.count) differ")
            } found: { difference in
                switch difference {
                // It may have been registered after that part of the extract was read, or have another day or account than was asked for.
                case .orphan(let entry):
                    guard let registered = try await extract.find(entry.id) else { break }
                    if registered != entry { list.add(ExtractDifference.different(applied: entry, registered: registered).line) }
                    return
                case .missing(let entry) where young.add(entry): return
                case .missing, .different: break
                }
                progress.end()
                list.add(difference.line)
            }
            progress.end()
            let balances = PostgresSaldoRepository(client: database, logger: ToolRun.logger("audit", level: .debug))
            for difference in try await young.differences(in: balances) { list.add(difference.line) }
            return (compared, list.count)
        }
        ToolOutput.line("extract: \(compared) registered entries compared, \(found) differ from what was applied")
        return found
    }
}

/// Registered entries that were not applied yet when they were compared and that may be on their way.
private struct YoungEntries {
    private static let ageMax: Duration = .seconds(300)
    private static let entriesMax = 10_000
    private static let attemptsMax = 15
    private static let attemptPause: Duration = .seconds(1)

    private let youngest: LancamentoID
    private var entries: [LancamentoAplicavel] = []

    init(before: LancamentoID) {
        self.youngest = .lowerBound(
            of: Instante(milissegundos: before.instante.milissegundos - Int64(Self.ageMax / .milliseconds(1))))
    }

    /// - Returns: false for an entry that is old, and when there are too many.
    mutating func add(_ entry: LancamentoAplicavel) -> Bool {
        guard entry.id >= self.youngest, self.entries.count < Self.entriesMax else { return false }
        self.entries.append(entry)
        return true
    }

    /// Waits until they are applied; returns those that differ or are still missing after 15 s.
    func differences(in balances: PostgresSaldoRepository) async throws -> [ExtractDifference] {
        var open = self.entries
        var different: [ExtractDifference] = []
        for attempt in 1...Self.attemptsMax where !open.isEmpty {
            let applied = try await balances.applied(open.map(\.id))
            for entry in open {
                if let known = applied[entry.id], known != entry { different.append(.different(applied: known, registered: entry)) }
            }
            open.removeAll { applied[$0.id] != nil }
            if attempt < Self.attemptsMax, !open.isEmpty { try await Task.sleep(for: Self.attemptPause) }
        }
        return different + open.map { .missing($0) }
    }
}
