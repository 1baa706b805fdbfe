import Contrato
import FluxoDeCaixa
package import Logging
import Metrics
import ServiceLifecycle
package import ServiceRuntime
import Storage

/// Compares what the entry service has registered with what was applied, minute by minute of registration, all the time.
///
/// The entry service sends its counts through the queue, behind the events that it counts. One instance compares, under a lease: it counts
/// the applied entries of the same period, and keeps what differs. A difference is reported once no entry on its way can explain it. Every
/// instance measures what is in the database.
package final class Reconciler: Service, Sendable {
    /// The reconciler's limits.
    package struct Limits: Sendable {
        /// A received count waits so long: events delivered before it may be in the hands of other instances.
        package var grace: Duration = .seconds(60)
        package var difference = Diferenca.Limits()
        /// Applied entries counted by one statement beyond the registered ones.
        package var surplusMax: Int64 = 100_000
        /// Received counts compared in one turn.
        package var countsMax = 50
        /// Known differences counted again by one statement, and such statements in one turn.
        package var recountMinutesMax = 1000
        package var recountsMax = 5
        package var recountInterval: Duration = .seconds(60)
        /// The pause between turns, and between measurements.
        package var interval: Duration = .seconds(10)
        package var lease = LeaseLimits()

        package init() {}
    }

    private typealias Turn = LeaseLoop<any ReconciliationStore>.Turn

    private let leases: any LeaseSource<any ReconciliationStore>
    private let view: any ReconciliationView
    private let limits: Limits
    private let logger: Logger
    private let difference = Gauge(label: "reconciliation_difference_entries")
    private let age = Gauge(label: "reconciliation_age_seconds")

    package init(
        leases: any LeaseSource<any ReconciliationStore>, view: any ReconciliationView, limits: Limits = Limits(), logger: Logger
    ) {
        self.leases = leases
        self.view = view
        self.limits = limits
        self.logger = logger
    }

    /// Compares and measures until graceful shutdown.
    package func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.compareForever() }
                group.addTask { await self.measureForever() }
            }
        }
    }

    private func measureForever() async {
        repeat {
            // While the database is away the gauges keep their last values; readiness reports the outage.
            guard let days = try? await self.view.confirmed(), let age = try? await self.view.age() else { continue }
            self.difference.record(days.difference)
            self.age.record(age / .seconds(1))
        } while (try? await Task.sleep(for: self.limits.interval)) != nil
    }

    private func compareForever() async {
        let loop = LeaseLoop(source: self.leases, isReady: { true }, limits: self.limits.lease, logger: self.logger)
        var reported = ReportedDays()
        await loop.run { turn in
            try await self.compare(turn)
            try await self.recount(turn)
            let days = try await turn.access.confirmed()
            self.log(reported.change(days))
            return self.limits.interval
        }
    }

    // MARK: - One turn

    private func compare(_ turn: Turn) async throws(StorageFailure) {
        for _ in 0..<self.limits.countsMax where turn.goesOn {
            guard let count = try await turn.access.due(olderThan: self.limits.grace) else { return }
            try await self.compare(count, turn.access)
        }
    }

    private func compare(_ count: ReceivedCount, _ store: any ReconciliationStore) async throws(StorageFailure) {
        let registered = count.conferencia.registrados
        let total = registered.itens.reduce(0) { $0 + $1.contagem.quantidade }
        let applied = try await store.applied(registered.periodo, entriesMax: total + self.limits.surplusMax)
        let counted = applied.aplicados.periodo
        func byMinute(_ contagem: ContagemPorMinuto) -> [Minuto: Contagem] {
            Dictionary(
                contagem.itens.filter { counted.contains($0.minuto) }.map { ($0.minuto, $0.contagem) },
                uniquingKeysWith: { first, _ in first })
        }
        let (ours, theirs) = (byMinute(applied.aplicados), byMinute(registered))
        let minutes = Set(ours.keys).union(theirs.keys).filter { ours[$0] != theirs[$0] }.sorted()
        let known = minutes.isEmpty ? [] : try await store.known(minutes)
        let knownByMinute = Dictionary(known.map { ($0.minuto, $0) }, uniquingKeysWith: { first, _ in first })
        let differences = minutes.compactMap { minuto in
            Diferenca.of(
                minuto, registrado: theirs[minuto] ?? .zero, receivedAt: count.receivedAt, aplicado: ours[minuto] ?? .zero,
                known: knownByMinute[minuto], now: applied.countedAt, limits: self.limits.difference)
        }
        try await store.replace(differences, in: counted, for: count, countedAt: applied.countedAt)
    }

    private func recount(_ turn: Turn) async throws(StorageFailure) {
        for _ in 0..<self.limits.recountsMax where turn.goesOn {
            let recounts = try await turn.access.recount(
                olderThan: self.limits.recountInterval, minutesMax: self.limits.recountMinutesMax)
            guard let countedAt = recounts.first?.countedAt else { return }
            try await self.store(recounts, countedAt, turn.access)
        }
    }

    private func store(_ recounts: [Recount], _ countedAt: Instante, _ store: any ReconciliationStore) async throws(StorageFailure) {
        let differences = recounts.map { recount -> (minuto: Minuto, Diferenca?) in
            let known = recount.difference
            return (
                known.minuto,
                Diferenca.of(
                    known.minuto, registrado: known.registrado, receivedAt: nil, aplicado: recount.aplicado, known: known,
                    now: recount.countedAt, limits: self.limits.difference)
            )
        }
        try await store.replace(differences, countedAt: countedAt)
    }

    private func log(_ change: ReportedDays.Change?) {
        switch change {
        case .differ(let days):
            self.logger.error(
                "registered and applied entries differ",
                metadata: [
                    "difference": "\(days.difference)", "days": "\(days.count)",
                    "first_days": "\(days.prefix(ReportedDays.loggedMax).map(\.description).joined(separator: "; "))",
                ])
        case .agree: self.logger.info("registered and applied entries agree again")
        case nil: break
        }
    }
}

/// The days that were reported to differ. It does no I/O.
struct ReportedDays: Sendable {
    /// How many days a line of the log describes.
    static let loggedMax = 10

    enum Change: Equatable {
        case differ([DiaDivergente])
        case agree
    }

    private var days: [Dia] = []

    /// - Returns: what to log: a change of the days that differ, whatever their numbers.
    mutating func change(_ now: [DiaDivergente]) -> Change? {
        let days = now.map(\.dia)
        guard days != self.days else { return nil }
        self.days = days
        return days.isEmpty ? .agree : .differ(now)
    }
}
