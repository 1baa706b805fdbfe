import Batching
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
/// ``Limits/queueMax``; more are refused. Every request gets exactly one outcome, after its transaction has ended.
package final class WriteBatcher: Service, Sendable {
    /// The batcher's limits.
    package struct Limits: Sendable {
        /// Registrations that may wait for a worker.
        package var queueMax: Int
        /// Rows in one statement.
        package var batchRowsMax: Int
        /// Statements at the same time.
        package var workers: Int
        /// How long a registration may wait for a worker.
        package var queueWaitMax: Duration = .seconds(2)
        /// How long a batch with an unknown outcome is retried before its requests are answered with an unknown outcome.
        package var settleMax: Duration

        package init(queueMax: Int, batchRowsMax: Int, workers: Int, settleMax: Duration) {
            self.queueMax = queueMax
            self.batchRowsMax = batchRowsMax
            self.workers = workers
            self.settleMax = settleMax
        }
    }

    package typealias Outcome = Result<RegistrationOutcome, RegistrationFailure>

    private typealias Item = (registration: Registration, deliver: @Sendable (Outcome) -> Void)

    private let repository: any LancamentoRepository
    private let handOff: @Sendable ([Registration]) -> Void
    private let limits: Limits
    private let logger: Logger
    private let workers: BatchWorkers<Item>
    private let batchRows = Recorder(label: "write_batch_rows")
    private let registered = Dictionary(
        uniqueKeysWithValues: Canal.allCases.map { ($0, Counter(label: "entries_registered_total", dimensions: [("canal", $0.rawValue)])) })

    /// - Parameters:
    ///   - repository: the store.
    ///   - limits: the batcher's limits.
    ///   - logger: receives refused data and unknown outcomes.
    ///   - handOff: receives the registrations of a commit; must not block. Events that it drops stay in the outbox.
    package init(
        repository: any LancamentoRepository,
        limits: Limits,
        logger: Logger,
        handOff: @escaping @Sendable ([Registration]) -> Void
    ) {
        self.repository = repository
        self.limits = limits
        self.logger = logger
        self.handOff = handOff
        // Nothing was sent of a registration that waited too long.
        self.workers = BatchWorkers(
            limits: .init(
                queueMax: limits.queueMax, batchMax: limits.batchRowsMax, workers: limits.workers, queueWaitMax: limits.queueWaitMax)
        ) { $0.deliver(.failure(.sobrecarga)) }
    }

    /// Registers an entry.
    /// - Throws: ``RegistrationFailure``.
    package func register(_ registration: Registration) async throws(RegistrationFailure) -> RegistrationOutcome {
        let outcome = await withCheckedContinuation { continuation in
            self.workers.submit([(registration, { @Sendable outcome in continuation.resume(returning: outcome) })])
        }
        return try outcome.get()
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
        await self.workers.run { items in
            let outcomes = await self.runBatch(items.map(\.registration))
            for (item, outcome) in zip(items, outcomes) { item.deliver(outcome) }
        }
    }

    /// Refuses new registrations; ``run()`` returns when the queue is empty.
    func close() {
        self.workers.close()
    }

    // MARK: - One batch

    private func runBatch(_ registrations: [Registration]) async -> [Outcome] {
        self.batchRows.record(registrations.count)
        var batch = WriteBatch(registrations)
        do throws(StorageFailure) {
            let (seqs, isRetry) = try await self.registerUntilKnown(batch.rowsToSend)
            let stored = batch.registered(seqs)
            // After a retry it is unknown which attempt inserted the rows; the sweeper publishes them.
            if !isRetry { self.handOff(stored) }
            try await self.settle(&batch)
        } catch {
            switch error {
            case .unavailable: batch.failRest { _ in .bancoIndisponivel }
            case .overloaded: batch.failRest { _ in .sobrecarga }
            case .outcomeUnknown: batch.failRest { .resultadoDesconhecido($0) }
            case .invalidData:
                // Validation should have refused such a row. Its neighbours are written without it.
                if registrations.count > 1 { return await self.runOneByOne(registrations) }
                let id = registrations[0].lancamento.id
                self.logger.error("the database refuses an entry that passed validation", metadata: ["id": "\(id)"])
                batch.failRest { _ in .bancoIndisponivel }
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

    private func runOneByOne(_ registrations: [Registration]) async -> [Outcome] {
        var outcomes: [Outcome] = []
        for registration in registrations { outcomes += await self.runBatch([registration]) }
        return outcomes
    }

    /// Inserts the rows. While the outcome is unknown, the same rows with the same ids are sent again, up to ``Limits/settleMax``. Rows that the
    /// lost attempt stored conflict with themselves and are found when settling.
    private func registerUntilKnown(
        _ rows: [Registration]
    ) async throws(StorageFailure) -> (seqs: [LancamentoID: Int64], isRetry: Bool) {
        // Counted from the first attempt with an unknown outcome, which alone may have lasted longer.
        var deadline: ContinuousClock.Instant?
        while true {
            do throws(StorageFailure) {
                return (try await self.repository.register(rows), deadline != nil)
            } catch {
                switch error {
                case .invalidData: throw error
                case .unavailable where deadline == nil, .overloaded where deadline == nil: throw error
                case .unavailable, .overloaded, .outcomeUnknown: break
                }
                deadline = deadline ?? .now + self.limits.settleMax
                try await Self.pause(before: deadline)
            }
        }
    }

    /// Settles the rows that the insert did not return. Only this is retried after a failure: the insert is committed.
    private func settle(_ batch: inout WriteBatch) async throws(StorageFailure) {
        var deadline: ContinuousClock.Instant?
        while !batch.unsettled.isEmpty {
            do throws(StorageFailure) {
                let found = try await self.repository.settle(batch.unsettled.map { batch.registrations[$0] })
                let missing = batch.settled(found)
                if missing > 0 {
                    self.logger.error("entries neither stored nor in conflict after a commit", metadata: ["entries": "\(missing)"])
                    throw .outcomeUnknown
                }
            } catch {
                deadline = deadline ?? .now + self.limits.settleMax
                try await Self.pause(before: deadline)
            }
        }
    }

    private static let pauseBetweenAttempts: Duration = .milliseconds(100)

    private static func pause(before deadline: ContinuousClock.Instant?) async throws(StorageFailure) {
        guard let deadline, .now + self.pauseBetweenAttempts < deadline else { throw .outcomeUnknown }
        // A shutdown that cancels the wait leaves the outcome unknown.
        do { try await Task.sleep(for: self.pauseBetweenAttempts) } catch { throw .outcomeUnknown }
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
