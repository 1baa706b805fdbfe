package import Contrato
package import FluxoDeCaixa
package import Logging
import ServiceLifecycle
package import ServiceRuntime
package import Storage

/// The registered entries as the one instance that counts them sees them.
package protocol RegisteredEntries: Sendable {
    /// Until where each pass has counted, and the oldest entry that the broker has not confirmed.
    func progress() async throws(StorageFailure) -> CountingProgress

    /// A pass has counted until here.
    func store(_ passagem: Conferencia.Passagem, until minuto: Minuto) async throws(StorageFailure)

    /// Counts the entries of a period, at least its first minute and then at most so many entries and minutes.
    func count(_ periodo: Range<Minuto>, entriesMax: Int64, minutesMax: Int) async throws(StorageFailure) -> ContagemPorMinuto

    /// The last entry registered before a minute; nil if there is none.
    func last(before minuto: Minuto) async throws(StorageFailure) -> Registration?
}

/// What is known of the counting before a turn.
package struct CountingProgress: Sendable, Equatable {
    package let positions: [Conferencia.Passagem: Minuto]
    /// Nil if the broker has confirmed all.
    package let oldestPending: LancamentoID?

    package init(positions: [Conferencia.Passagem: Minuto], oldestPending: LancamentoID?) {
        self.positions = positions
        self.oldestPending = oldestPending
    }
}

/// Sends counts of registered entries to the consolidation.
package protocol CountPublisher: Sendable {
    /// Whether the broker accepts messages.
    var isReady: Bool { get }

    /// Sends the count with a copy of an event.
    /// - Returns: whether the broker has confirmed it.
    func publish(_ conferencia: Conferencia, with event: Registration) async -> Bool
}

/// Counts the registered entries by the minute of their registration and sends the counts to the consolidation, which compares them.
///
/// One instance counts at a time, under a lease, and only while the broker accepts messages. Each entry is counted when it is five minutes
/// old, again 15 minutes later, and in turn with all others: a turn of this costs the same however many entries there are.
package final class RegisteredCounter: Service, Sendable {
    /// The counter's limits.
    package struct Limits: Sendable {
        var plan = CountingPlan.Limits()
        /// Entries and minutes counted by one statement; a minute with more entries is counted whole.
        package var entriesMax: Int64 = 100_000
        package var minutesMax = Conferencia.minutosMax
        /// Statements in one turn.
        package var countsMax = 30
        /// The pause between turns.
        package var interval: Duration = .seconds(60)
        package var lease = LeaseLimits()

        package init() {}
    }

    private let leases: any LeaseSource<any RegisteredEntries>
    private let publisher: any CountPublisher
    private let limits: Limits
    private let agora: @Sendable () -> Instante
    private let logger: Logger

    /// - Parameter agora: the clock of the entries' ids.
    package init(
        leases: any LeaseSource<any RegisteredEntries>, publisher: any CountPublisher, limits: Limits = Limits(),
        agora: @escaping @Sendable () -> Instante, logger: Logger
    ) {
        self.leases = leases
        self.publisher = publisher
        self.limits = limits
        self.agora = agora
        self.logger = logger
    }

    /// Counts until graceful shutdown.
    package func run() async {
        await cancelWhenGracefulShutdown {
            let loop = LeaseLoop(source: self.leases, isReady: { self.publisher.isReady }, limits: self.limits.lease, logger: self.logger)
            await loop.run { turn in
                try await self.count(turn)
                return self.limits.interval
            }
        }
    }

    private func count(_ turn: LeaseLoop<any RegisteredEntries>.Turn) async throws(StorageFailure) {
        let progress = try await turn.access.progress()
        var plan = CountingPlan(
            positions: progress.positions, oldestPending: progress.oldestPending, agora: self.agora(), limits: self.limits.plan)
        guard let event = try await turn.access.last(before: plan.end) else { return }
        var left = self.limits.countsMax
        for passagem in [Conferencia.Passagem.nova, .segunda] {
            while left > 1, turn.goesOn, try await self.count(passagem, &plan, turn, event) { left -= 1 }
        }
        // One step a turn: a round may take hours.
        if turn.goesOn { _ = try await self.count(.ronda, &plan, turn, event) }
    }

    /// - Returns: false if the pass is at its end or the broker has not confirmed the count.
    private func count(
        _ passagem: Conferencia.Passagem, _ plan: inout CountingPlan, _ turn: LeaseLoop<any RegisteredEntries>.Turn, _ event: Registration
    ) async throws(StorageFailure) -> Bool {
        guard let period = plan.period(passagem) else { return false }
        let counted = try await turn.access.count(period, entriesMax: self.limits.entriesMax, minutesMax: self.limits.minutesMax)
        let conferencia = Conferencia(passagem: passagem, registrados: counted)
        guard await turn.wait(for: { await self.publisher.publish(conferencia, with: event) }) else {
            self.logger.debug("a count of registered entries is not confirmed and will be made again")
            return false
        }
        try await turn.access.store(passagem, until: counted.periodo.upperBound)
        plan.counted(passagem, until: counted.periodo.upperBound)
        return true
    }
}
