import Batching
import FluxoDeCaixa
import ServiceLifecycle

/// Answers reads of single accounts that come in at the same time by few statements.
///
/// A free worker takes at once what waits, so a lone read is not delayed; while all workers are busy reads gather, and one statement serves
/// many of them. A read joins only a statement that is sent after it came. Long periods have workers of their own: a day does not wait for a
/// year's rows.
package final class SaldoReader: Service, Sendable {
    /// The reader's limits.
    package struct Limits: Sendable {
        /// Reads of each kind that may wait for a worker.
        package var queueMax = 4096
        /// A period of more days is a long one.
        package var shortDaysMax = 31
        /// Short periods in one statement.
        package var batchMax = 64
        /// Long periods in one statement: at most some 3,000 rows.
        package var longBatchMax = 8
        /// Statements for short periods at the same time.
        package var workers: Int
        /// Statements for long periods at the same time.
        package var longWorkers: Int
        /// How long a read may wait for a worker.
        package var queueWaitMax: Duration = .seconds(2)

        package init(workers: Int, longWorkers: Int) {
            self.workers = workers
            self.longWorkers = longWorkers
        }
    }

    private struct Item: Sendable {
        let pedido: PedidoDeSaldo
        let continuation: CheckedContinuation<Result<SaldoDoPeriodo, ReadFailure>, Never>
    }

    private let repository: any SaldoReadRepository
    private let shortDaysMax: Int
    private let short: BatchWorkers<Item>
    private let long: BatchWorkers<Item>

    package init(repository: any SaldoReadRepository, limits: Limits) {
        self.repository = repository
        self.shortDaysMax = limits.shortDaysMax
        self.short = Self.workers(limits.workers, batchMax: limits.batchMax, limits)
        self.long = Self.workers(limits.longWorkers, batchMax: limits.longBatchMax, limits)
    }

    private static func workers(_ workers: Int, batchMax: Int, _ limits: Limits) -> BatchWorkers<Item> {
        BatchWorkers(
            limits: .init(queueMax: limits.queueMax, batchMax: batchMax, workers: workers, queueWaitMax: limits.queueWaitMax)
        ) { $0.continuation.resume(returning: .failure(.sobrecarga)) }
    }

    /// How many wait for a worker.
    var count: Int { self.short.count + self.long.count }

    /// Reads a period of an account.
    /// - Throws: ``ReadFailure``.
    func saldo(_ pedido: PedidoDeSaldo) async throws(ReadFailure) -> SaldoDoPeriodo {
        let workers = pedido.periodo.quantidadeDeDias <= self.shortDaysMax ? self.short : self.long
        let result = await withCheckedContinuation { continuation in
            workers.submit([Item(pedido: pedido, continuation: continuation)])
        }
        return try result.get()
    }

    /// Runs the workers until graceful shutdown, and until what waits then is answered.
    package func run() async {
        async let long: Void = self.long.run { await self.answer($0) }
        await self.short.run { await self.answer($0) }
        await long
    }

    /// Takes nothing more; ``run()`` returns when what waits is answered.
    func close() {
        self.short.close()
        self.long.close()
    }

    private func answer(_ items: [Item]) async {
        // Whoever asks for the same is given the same.
        var positions: [PedidoDeSaldo: Int] = [:]
        var pedidos: [PedidoDeSaldo] = []
        for item in items where positions[item.pedido] == nil {
            positions[item.pedido] = pedidos.count
            pedidos.append(item.pedido)
        }
        do throws(FalhaDeArmazenamento) {
            let saldos = try await self.repository.saldos(pedidos)
            for item in items {
                let saldo = positions[item.pedido].flatMap { saldos.indices.contains($0) ? saldos[$0] : nil }
                item.continuation.resume(returning: saldo.map { .success($0) } ?? .failure(.indisponivel))
            }
        } catch {
            for item in items { item.continuation.resume(returning: .failure(.indisponivel)) }
        }
    }
}
