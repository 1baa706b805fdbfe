import FluxoDeCaixa
import NIOConcurrencyHelpers
import ServiceKit
import ServiceLifecycle

/// Answers reads of one day of one account that come in at the same time by few statements.
///
/// A free worker takes at once what waits, so a lone read is not delayed; while all workers are busy reads gather, and one statement serves
/// up to ``Limits/batchKeysMax`` of them. A read joins only a statement that is sent after it came.
package final class DayReader: Service, Sendable {
    /// The reader's limits.
    package struct Limits: Sendable {
        /// Reads that may wait for a worker.
        package var queueMax = 4096
        /// Keys in one statement.
        package var batchKeysMax = 64
        /// Statements at the same time.
        package var workers: Int
        /// How long a read may wait for a worker.
        package var queueWaitMax: Duration = .seconds(2)

        package init(workers: Int) {
            self.workers = workers
        }
    }

    private struct Item: Sendable {
        let chave: ChaveDeSaldo
        let queuedAt: ContinuousClock.Instant
        let continuation: CheckedContinuation<Result<SaldoDiario, FalhaDeLeitura>, Never>
    }

    private typealias Worker = CheckedContinuation<[Item]?, Never>

    private let repository: any SaldoReadRepository
    private let limits: Limits
    private let pending: NIOLockedValueBox<BatchQueue<Item, Worker>>

    package init(repository: any SaldoReadRepository, limits: Limits) {
        self.repository = repository
        self.limits = limits
        self.pending = NIOLockedValueBox(BatchQueue(queueMax: limits.queueMax, batchMax: limits.batchKeysMax))
    }

    /// How many wait for a worker.
    var count: Int { self.pending.withLockedValue { $0.count } }

    /// Reads a day.
    /// - Throws: ``FalhaDeLeitura``.
    func dia(_ chave: ChaveDeSaldo) async throws(FalhaDeLeitura) -> SaldoDiario {
        let result = await withCheckedContinuation { continuation in
            let item = Item(chave: chave, queuedAt: .now, continuation: continuation)
            let submission = self.pending.withLockedValue { $0.submit([item]) }
            if submission.accepted == 0 { continuation.resume(returning: .failure(.sobrecarga)) }
            for (worker, items) in submission.handOffs { worker.resume(returning: items) }
        }
        return try result.get()
    }

    /// Runs the workers until graceful shutdown, and until what waits then is answered.
    package func run() async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for _ in 0..<self.limits.workers {
                    group.addTask { await self.work() }
                }
            }
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    /// Takes nothing more; ``run()`` returns when what waits is answered.
    func close() {
        let idle = self.pending.withLockedValue { $0.close() }
        for worker in idle { worker.resume(returning: nil) }
    }

    private func work() async {
        while let taken = await self.nextItems() {
            let oldest = ContinuousClock.now - self.limits.queueWaitMax
            let items = taken.filter { $0.queuedAt >= oldest }
            for item in taken where item.queuedAt < oldest { item.continuation.resume(returning: .failure(.sobrecarga)) }
            if !items.isEmpty { await self.answer(items) }
        }
    }

    private func answer(_ items: [Item]) async {
        // Whoever asks for the same day is given the same row.
        var positions: [ChaveDeSaldo: Int] = [:]
        var chaves: [ChaveDeSaldo] = []
        for item in items where positions[item.chave] == nil {
            positions[item.chave] = chaves.count
            chaves.append(item.chave)
        }
        do throws(FalhaDeArmazenamento) {
            let saldos = try await self.repository.dias(chaves)
            for item in items {
                let saldo = positions[item.chave].flatMap { saldos.indices.contains($0) ? saldos[$0] : nil }
                item.continuation.resume(returning: saldo.map { .success($0) } ?? .failure(.indisponivel))
            }
        } catch {
            for item in items { item.continuation.resume(returning: .failure(.indisponivel)) }
        }
    }

    private func nextItems() async -> [Item]? {
        await withCheckedContinuation { worker in
            switch self.pending.withLockedValue({ $0.demand(worker) }) {
            case .take(let items): worker.resume(returning: items)
            case .end: worker.resume(returning: nil)
            case .wait: break
            }
        }
    }
}
