package import Batching
import FluxoDeCaixa
package import Logging
import Metrics
import NIOConcurrencyHelpers
import Observability
import ServiceLifecycle
import Storage

/// Collects concurrent registrations and writes them in few transactions.
///
/// A free worker starts at once, so that a single request is not delayed. While all workers are busy, requests queue up to
/// ``Limits/queueMax``; more are refused. Every request gets exactly one outcome, after its transaction has ended or, with an unknown
/// outcome, at its deadline.
package final class WriteBatcher: Service, Sendable {
    package struct Limits: Sendable {
        /// Registrations that may wait for a worker.
        package var queueMax: Int
        /// Rows in one statement.
        package var batchRowsMax: Int
        /// Statements at the same time.
        package var workers: Int
        /// How long a registration may wait for a worker.
        package var queueWaitMax: Duration = .seconds(1)
        /// How long a caller waits for its outcome, whatever the database does. A batch whose outcome is unknown runs again until then.
        package var answerMax: Duration
        /// Claims whose outcome is open that this process remembers.
        package var openClaimsMax = 10_000

        package init(queueMax: Int, batchRowsMax: Int, workers: Int, answerMax: Duration) {
            self.queueMax = queueMax
            self.batchRowsMax = batchRowsMax
            self.workers = workers
            self.answerMax = answerMax
        }
    }

    package typealias Outcome = Result<RegistrationOutcome, RegistrationFailure>

    private typealias Item = (registration: Registration, deliver: @Sendable (Outcome) -> Void)

    private let repository: any LancamentoRepository
    private let handOff: @Sendable ([Registration]) -> Void
    private let limits: Limits
    private let logger: Logger
    private let workers: BatchWorkers<Item>
    private let openClaims: NIOLockedValueBox<OpenClaims>
    private let batchRows = Recorder(label: "write_batch_rows")
    private let registered = Dictionary(
        uniqueKeysWithValues: Canal.allCases.map { ($0, Counter(label: "entries_registered_total", dimensions: [("canal", $0.rawValue)])) })

    /// - Parameters:
    ///   - scheduler: runs the timers and the workers.
    ///   - logger: receives refused data and unknown outcomes.
    ///   - handOff: receives the registrations of a commit; must not block. Events that it drops stay in the outbox.
    package init(
        repository: any LancamentoRepository,
        limits: Limits,
        scheduler: any BatchScheduler = EventLoopScheduler(),
        logger: Logger,
        handOff: @escaping @Sendable ([Registration]) -> Void
    ) {
        self.repository = repository
        self.limits = limits
        self.logger = logger
        self.handOff = handOff
        let openClaims = NIOLockedValueBox(OpenClaims(countMax: limits.openClaimsMax))
        self.openClaims = openClaims
        // Nothing was sent of a registration that waited too long.
        self.workers = BatchWorkers(
            limits: .init(
                queueMax: limits.queueMax, batchMax: limits.batchRowsMax, workers: limits.workers, queueWaitMax: limits.queueWaitMax,
                answerMax: limits.answerMax),
            scheduler: scheduler
        ) { item in
            let failure = openClaims.withLockedValue { $0.note(.sobrecarga, of: item.registration.lancamento) }
            item.deliver(.failure(failure))
        }
    }

    /// Registers an entry.
    /// - Parameter deadline: when the caller stops waiting; nil: after ``Limits/answerMax``.
    package func register(
        _ registration: Registration, until deadline: ContinuousClock.Instant? = nil
    ) async throws(RegistrationFailure) -> RegistrationOutcome {
        let outcome = await withCheckedContinuation { continuation in
            self.workers.submit([(registration, { @Sendable outcome in continuation.resume(returning: outcome) })], until: deadline)
        }
        return try outcome.get()
    }

    /// Whether this process answered an estorno of the entry with an unknown outcome.
    func isEstornoOpen(of original: LancamentoID) -> Bool {
        self.openClaims.withLockedValue { $0.isOpen(.estorno(original)) }
    }

    /// Records that an estorno of the entry is answered with an unknown outcome.
    func noteOpenEstorno(_ estorno: LancamentoID, of original: LancamentoID) {
        self.openClaims.withLockedValue { $0.remember(estorno, for: .estorno(original)) }
    }

    /// Registers several entries, possibly in different transactions: of two that exclude each other either may win.
    /// - Returns: the outcome of each, in order.
    package func register(_ registrations: [Registration]) async -> [Outcome] {
        guard !registrations.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            let outcomes = GatheredOutcomes(count: registrations.count) { continuation.resume(returning: $0) }
            self.workers.submit(
                registrations.enumerated().map { position, registration in
                    (registration, { @Sendable outcome in outcomes.deliver(outcome, at: position) })
                })
        }
    }

    /// Runs the workers until graceful shutdown, then until the queue is empty.
    package func run() async {
        await self.workers.run { batch in
            let outcomes = await self.runBatch(batch.items.map(\.registration), until: batch.deadline)
            for (item, outcome) in zip(batch.items, outcomes) { item.deliver(outcome) }
        }
    }

    /// Refuses new registrations; ``run()`` returns when the queue is empty.
    func close() {
        self.workers.close()
    }

    // MARK: - One batch

    private func runBatch(_ registrations: [Registration], until deadline: ContinuousClock.Instant) async -> [Outcome] {
        self.batchRows.record(registrations.count)
        var batch = WriteBatch(registrations)
        do throws(StorageFailure) {
            let (seqs, isRetry) = try await self.registerUntilKnown(batch.sent, until: deadline)
            let stored = batch.registered(seqs)
            // After a retry it is unknown which attempt inserted the rows; the sweeper publishes them.
            if !isRetry { self.handOff(stored) }
            try await self.settle(&batch, until: deadline)
        } catch {
            switch error {
            case .unavailable: self.failRest(&batch) { _ in .bancoIndisponivel }
            case .refused: self.failRest(&batch) { _ in .bancoRecusa }
            case .overloaded: self.failRest(&batch) { _ in .sobrecarga }
            case .outcomeUnknown: self.failRest(&batch) { .resultadoDesconhecido($0.id) }
            case .lockHeld:
                let hasClaims = registrations.contains { !Claim.all(of: $0.lancamento).isEmpty }
                if registrations.count > 1, hasClaims { return await self.runApart(registrations, until: deadline) }
                // Only a transaction with the same claim holds a lock that one row waits for; it may still commit.
                self.failRest(&batch, Self.unlessClaimed)
            // An open transaction may have the same claim.
            case .earlierCallsOpen: self.failRest(&batch, Self.unlessClaimed)
            case .invalidData:
                // Validation should have refused such a row. Its neighbours are written without it.
                if registrations.count > 1 { return await self.runOneByOne(registrations, until: deadline) }
                let id = registrations[0].lancamento.id
                self.logger.error("the database refuses an entry that passed validation", metadata: ["id": "\(id)"])
                self.failRest(&batch) { _ in .bancoIndisponivel }
            }
        }
        let outcomes = batch.outcomes
        self.note(outcomes, registrations)
        return outcomes
    }

    /// Counts the registered entries and logs each at debug level.
    private func note(_ outcomes: [Outcome], _ registrations: [Registration]) {
        var counts: [Canal: Int] = [:]
        for case .success(.criado(let lancamento)) in outcomes { counts[lancamento.canal, default: 0] += 1 }
        for (canal, count) in counts { self.registered[canal]?.increment(by: count) }
        guard self.logger.logLevel <= .debug else { return }
        for (registration, outcome) in zip(registrations, outcomes) {
            guard case .success(.criado(let lancamento)) = outcome else { continue }
            var metadata = EntryMetadata.make(lancamento.id, traceparent: registration.traceparent)
            metadata["canal"] = "\(lancamento.canal.rawValue)"
            self.logger.debug("entry registered", metadata: metadata)
        }
    }

    private static func unlessClaimed(_ lancamento: Lancamento) -> RegistrationFailure {
        Claim.all(of: lancamento).isEmpty ? .bancoIndisponivel : .resultadoDesconhecido(nil)
    }

    /// Fails every open position. A failure says that nothing was registered only where no earlier attempt with the same claim is open.
    private func failRest(_ batch: inout WriteBatch, _ failure: (Lancamento) -> RegistrationFailure) {
        self.openClaims.withLockedValue { openClaims in
            batch.failRest { openClaims.note(failure($0), of: $0) }
        }
    }

    private func runOneByOne(_ registrations: [Registration], until deadline: ContinuousClock.Instant) async -> [Outcome] {
        var outcomes: [Outcome] = []
        for registration in registrations { outcomes += await self.runBatch([registration], until: deadline) }
        return outcomes
    }

    /// Runs the rows without a claim, which wait for nobody, together and the others one by one, so that a lock that stands in the way of one
    /// does not hold up its neighbours.
    private func runApart(_ registrations: [Registration], until deadline: ContinuousClock.Instant) async -> [Outcome] {
        let claiming = registrations.filter { !Claim.all(of: $0.lancamento).isEmpty }
        let others = registrations.filter { Claim.all(of: $0.lancamento).isEmpty }
        var outcomes: [LancamentoID: Outcome] = [:]
        if !others.isEmpty {
            for (one, outcome) in zip(others, await self.runBatch(others, until: deadline)) { outcomes[one.lancamento.id] = outcome }
        }
        for (one, outcome) in zip(claiming, await self.runOneByOne(claiming, until: deadline)) {
            // The claim that is held may be of one whose turn did not come in time.
            outcomes[one.lancamento.id] = outcome.mayBeRegistered
        }
        return registrations.map { outcomes[$0.lancamento.id] ?? .failure(.resultadoDesconhecido($0.lancamento.id)) }
    }

    /// Inserts the rows. While the outcome is unknown, the same rows with the same ids are sent again until the deadline. Rows that the lost
    /// attempt stored conflict with themselves and are found when settling.
    private func registerUntilKnown(
        _ rows: [Registration], until deadline: ContinuousClock.Instant
    ) async throws(StorageFailure) -> (seqs: [LancamentoID: Int64], isRetry: Bool) {
        var isRetry = false
        while true {
            do throws(StorageFailure) {
                return (try await self.repository.register(rows, until: deadline), isRetry)
            } catch {
                switch error {
                case .invalidData: throw error
                case .outcomeUnknown: isRetry = true
                // After an unknown outcome only the lost attempt itself can hold the lock.
                case .unavailable, .refused, .overloaded, .lockHeld, .earlierCallsOpen: if !isRetry { throw error }
                }
                try await Self.pause(before: deadline)
            }
        }
    }

    /// Settles the rows that the insert did not return. Only this is retried after a failure: the insert is committed.
    private func settle(_ batch: inout WriteBatch, until deadline: ContinuousClock.Instant) async throws(StorageFailure) {
        while !batch.unsettled.isEmpty {
            do throws(StorageFailure) {
                let found = try await self.repository.settle(batch.unsettled.map { batch.registrations[$0] }, until: deadline)
                let missing = batch.settled(found)
                if missing > 0 {
                    self.logger.error("entries neither stored nor in conflict after a commit", metadata: ["entries": "\(missing)"])
                    throw .outcomeUnknown
                }
            } catch {
                try await Self.pause(before: deadline)
            }
        }
    }

    private static let pauseBetweenAttempts: Duration = .milliseconds(100)

    private static func pause(before deadline: ContinuousClock.Instant) async throws(StorageFailure) {
        guard .now + self.pauseBetweenAttempts < deadline else { throw .outcomeUnknown }
        // A shutdown that cancels the wait leaves the outcome unknown.
        do { try await Task.sleep(for: self.pauseBetweenAttempts) } catch { throw .outcomeUnknown }
    }
}

extension WriteBatcher.Outcome {
    /// The same outcome, without a failure that says that nothing is registered.
    fileprivate var mayBeRegistered: Self {
        switch self {
        case .failure(.sobrecarga), .failure(.bancoIndisponivel), .failure(.bancoRecusa): .failure(.resultadoDesconhecido(nil))
        case .success, .failure: self
        }
    }
}

/// Collects the outcomes of several entries from different batches.
final class GatheredOutcomes: Sendable {
    private struct State {
        var outcomes: [WriteBatcher.Outcome?]
        var missing: Int
    }

    private let state: NIOLockedValueBox<State>
    private let complete: @Sendable ([WriteBatcher.Outcome]) -> Void

    /// - Parameter complete: called once with all outcomes in order.
    init(count: Int, complete: @escaping @Sendable ([WriteBatcher.Outcome]) -> Void) {
        self.state = NIOLockedValueBox(State(outcomes: Array(repeating: nil, count: count), missing: count))
        self.complete = complete
    }

    /// Records the outcome of the entry at a position; only the first one counts.
    func deliver(_ outcome: WriteBatcher.Outcome, at position: Int) {
        let all: [WriteBatcher.Outcome]? = self.state.withLockedValue { state in
            guard state.outcomes[position] == nil else { return nil }
            state.outcomes[position] = outcome
            state.missing -= 1
            return state.missing == 0 ? state.outcomes.compactMap(\.self) : nil
        }
        if let all { self.complete(all) }
    }
}
