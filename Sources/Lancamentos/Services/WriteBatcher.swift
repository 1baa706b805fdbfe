import Batching
import FluxoDeCaixa
package import Logging
import Metrics
import Observability
import ServiceLifecycle

/// Gathers registrations that come in at the same time and writes them in few transactions.
///
/// A free worker takes at once what waits, so a lone request is not delayed; while all workers are busy requests gather, up to
/// ``Limits/queueMax``, and beyond that they are refused. Every request gets exactly one outcome, after its transaction has ended.
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
        /// How long a batch with an unknown outcome is run again before its requests are told that it is unknown.
        package var settleMax: Duration

        package init(queueMax: Int, batchRowsMax: Int, workers: Int, settleMax: Duration) {
            self.queueMax = queueMax
            self.batchRowsMax = batchRowsMax
            self.workers = workers
            self.settleMax = settleMax
        }
    }

    package typealias Outcome = Result<ResultadoDeRegistro, FalhaDeRegistro>

    private struct Item: Sendable {
        let registro: RegistroDeLancamento
        let deliver: @Sendable (Outcome) -> Void
    }

    private let repository: any LancamentoRepository
    private let handOff: @Sendable ([PendingEvent]) -> Void
    private let limits: Limits
    private let logger: Logger
    private let workers: BatchWorkers<Item>
    private let batchRows = Recorder(label: "write_batch_rows")
    private let registered = Dictionary(
        uniqueKeysWithValues: Canal.allCases.map { ($0, Counter(label: "entries_registered_total", dimensions: [("canal", $0.rawValue)])) })

    /// - Parameters:
    ///   - repository: the store.
    ///   - limits: the batcher's limits.
    ///   - logger: told of refused data and unknown outcomes.
    ///   - handOff: takes the events of a commit at once, must not wait; what it drops stays in the outbox.
    package init(
        repository: any LancamentoRepository,
        limits: Limits,
        logger: Logger,
        handOff: @escaping @Sendable ([PendingEvent]) -> Void
    ) {
        self.repository = repository
        self.limits = limits
        self.logger = logger
        self.handOff = handOff
        // Whoever waits for so long behind a slow database is told: nothing of theirs was sent.
        self.workers = BatchWorkers(
            limits: .init(
                queueMax: limits.queueMax, batchMax: limits.batchRowsMax, workers: limits.workers, queueWaitMax: limits.queueWaitMax)
        ) { $0.deliver(.failure(.sobrecarga)) }
    }

    /// Registers an entry.
    /// - Throws: ``FalhaDeRegistro``.
    package func write(_ registro: RegistroDeLancamento) async throws(FalhaDeRegistro) -> ResultadoDeRegistro {
        let outcome = await withCheckedContinuation { continuation in
            self.workers.submit([Item(registro: registro) { continuation.resume(returning: $0) }])
        }
        return try outcome.get()
    }

    /// Registers several entries, which may end up in different transactions: of two that exclude each other any one may win.
    /// - Returns: the outcome of each, in order.
    package func write(_ registros: [RegistroDeLancamento]) async -> [Outcome] {
        guard !registros.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            let outcomes = GatheredOutcomes(count: registros.count) { continuation.resume(returning: $0) }
            self.workers.submit(
                registros.enumerated().map { position, registro in
                    Item(registro: registro) { outcomes.deliver($0, at: position) }
                })
        }
    }

    /// Runs the workers until graceful shutdown, and until what waits then is written.
    package func run() async {
        await self.workers.run { items in
            let outcomes = await self.runBatch(items.map(\.registro))
            for (item, outcome) in zip(items, outcomes) { item.deliver(outcome) }
        }
    }

    /// Takes nothing more; ``run()`` returns when what waits is written.
    func close() {
        self.workers.close()
    }

    // MARK: - One batch

    private func runBatch(_ registros: [RegistroDeLancamento]) async -> [Outcome] {
        self.batchRows.record(registros.count)
        var batch = WriteBatch(registros)
        do throws(FalhaDeArmazenamento) {
            let (inserted, isRerun) = try await self.insert(batch.rowsToSend)
            batch.inserted(inserted)
            // After a run again nobody knows which run made the rows: the sweeper finds all of them.
            if !isRerun { self.handOff(Self.events(of: inserted, in: registros)) }
            try await self.settle(&batch)
        } catch {
            switch error {
            case .indisponivel: batch.failRest { _ in .bancoIndisponivel }
            case .sobrecarga: batch.failRest { _ in .sobrecarga }
            case .desfechoDesconhecido: batch.failRest { .resultadoDesconhecido($0) }
            case .dados:
                // Validation lets no such row through; should one slip by, its neighbours must not suffer.
                if registros.count > 1 { return await self.runOneByOne(registros) }
                self.logger.error("the database refuses an entry that passed validation", metadata: ["id": "\(registros[0].lancamento.id)"])
                batch.failRest { _ in .bancoIndisponivel }
            }
        }
        let outcomes = batch.outcomes
        self.note(outcomes, registros)
        return outcomes
    }

    /// Counts what was registered and, where such lines are written, says so entry by entry.
    private func note(_ outcomes: [Outcome], _ registros: [RegistroDeLancamento]) {
        var counts: [Canal: Int] = [:]
        for case .success(.criado(let lancamento)) in outcomes { counts[lancamento.canal, default: 0] += 1 }
        for (canal, count) in counts { self.registered[canal]?.increment(by: count) }
        guard self.logger.logLevel <= .debug else { return }
        for (registro, outcome) in zip(registros, outcomes) {
            guard case .success(.criado(let lancamento)) = outcome else { continue }
            var metadata = EntryMetadata.make(lancamento.id, traceparent: registro.traceparent)
            metadata["canal"] = "\(lancamento.canal.rawValue)"
            self.logger.debug("entry registered", metadata: metadata)
        }
    }

    private func runOneByOne(_ registros: [RegistroDeLancamento]) async -> [Outcome] {
        var outcomes: [Outcome] = []
        for registro in registros { outcomes += await self.runBatch([registro]) }
        return outcomes
    }

    /// Inserts the rows. When the outcome is unknown the same rows, with the same ids, are sent again until it is known or time is up: what the
    /// lost run has stored conflicts with itself and is found when settling.
    private func insert(
        _ rows: [RegistroDeLancamento]
    ) async throws(FalhaDeArmazenamento) -> (inserted: [RegistroNaOutbox], isRerun: Bool) {
        // From the first run with an unknown outcome: that one alone may have taken longer.
        var deadline: ContinuousClock.Instant?
        while true {
            do throws(FalhaDeArmazenamento) {
                return (try await self.repository.insert(rows), deadline != nil)
            } catch {
                switch error {
                case .dados: throw error
                case .indisponivel where deadline == nil, .sobrecarga where deadline == nil: throw error
                case .indisponivel, .sobrecarga, .desfechoDesconhecido: break
                }
                deadline = deadline ?? .now + self.limits.settleMax
                try await Self.pause(before: deadline)
            }
        }
    }

    /// Finds what answers the rows that did not come back. Only this is repeated if it fails: the insert is done.
    private func settle(_ batch: inout WriteBatch) async throws(FalhaDeArmazenamento) {
        var deadline: ContinuousClock.Instant?
        while !batch.unsettled.isEmpty {
            do throws(FalhaDeArmazenamento) {
                let found = try await self.repository.settle(batch.unsettled.map { batch.registros[$0] })
                let missing = batch.settled(found)
                if missing > 0 {
                    self.logger.error("entries neither stored nor in conflict after a commit", metadata: ["entries": "\(missing)"])
                    throw .desfechoDesconhecido
                }
            } catch {
                deadline = deadline ?? .now + self.limits.settleMax
                try await Self.pause(before: deadline)
            }
        }
    }

    private static let pauseBetweenRuns: Duration = .milliseconds(100)

    private static func pause(before deadline: ContinuousClock.Instant?) async throws(FalhaDeArmazenamento) {
        guard let deadline, .now + self.pauseBetweenRuns < deadline else { throw .desfechoDesconhecido }
        // A shutdown that cancels the wait leaves the outcome as unknown as it was.
        do { try await Task.sleep(for: self.pauseBetweenRuns) } catch { throw .desfechoDesconhecido }
    }

    private static func events(of rows: [RegistroNaOutbox], in registros: [RegistroDeLancamento]) -> [PendingEvent] {
        let byID = Dictionary(registros.map { ($0.lancamento.id, $0) }, uniquingKeysWith: { first, _ in first })
        return rows.compactMap { row in
            byID[row.id].map { PendingEvent(seq: row.seq, lancamento: $0.lancamento, traceparent: $0.traceparent) }
        }
    }
}
