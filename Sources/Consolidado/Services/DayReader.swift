import FluxoDeCaixa
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
        let continuation: CheckedContinuation<Result<SaldoDiario, FalhaDeLeitura>, Never>
    }

    private let repository: any SaldoReadRepository
    private let workers: BatchWorkers<Item>

    package init(repository: any SaldoReadRepository, limits: Limits) {
        self.repository = repository
        self.workers = BatchWorkers(
            limits: .init(
                queueMax: limits.queueMax, batchMax: limits.batchKeysMax, workers: limits.workers, queueWaitMax: limits.queueWaitMax)
        ) { $0.continuation.resume(returning: .failure(.sobrecarga)) }
    }

    /// How many wait for a worker.
    var count: Int { self.workers.count }

    /// Reads a day.
    /// - Throws: ``FalhaDeLeitura``.
    func dia(_ chave: ChaveDeSaldo) async throws(FalhaDeLeitura) -> SaldoDiario {
        let result = await withCheckedContinuation { continuation in
            self.workers.submit([Item(chave: chave, continuation: continuation)])
        }
        return try result.get()
    }

    /// Runs the workers until graceful shutdown, and until what waits then is answered.
    package func run() async {
        await self.workers.run { await self.answer($0) }
    }

    /// Takes nothing more; ``run()`` returns when what waits is answered.
    func close() {
        self.workers.close()
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
}
