package import Batching
package import FluxoDeCaixa
import ServiceLifecycle
import Storage

/// Reads balances. Concurrent reads of single accounts share few statements.
///
/// A free worker takes the waiting reads at once, so a lone read is not delayed. While all workers are busy, reads gather and one statement
/// answers many of them. A read joins only a statement that is sent after the read arrived. Long periods have separate workers, so that a day
/// does not wait for the rows of a year.
package final class SaldoService: Service, Sendable {
    package struct Limits: Sendable {
        /// The highest number of waiting reads of each kind.
        var queueReadsMax = 4096
        /// The most days of a short period.
        var shortDaysMax = 31
        /// The most short periods in one statement.
        var batchPeriodsMax = 64
        /// The most long periods in one statement: about 3,000 rows for years, 30,000 for the longest that are shown by weeks or months.
        var longBatchPeriodsMax = 8
        /// Concurrent statements for short periods.
        var workers: Int
        /// Concurrent statements for long periods.
        var longWorkers: Int
        /// The longest wait of a read for a worker.
        var queueWaitMax: Duration = .seconds(1)
        /// The longest wait of a read for its answer. The pool bounds the statement itself.
        var answerMax: Duration = .milliseconds(2100)

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

    /// - Parameter scheduler: runs the timers and the workers.
    package init(repository: any SaldoReadRepository, limits: Limits, scheduler: any BatchScheduler = EventLoopScheduler()) {
        self.repository = repository
        self.shortDaysMax = limits.shortDaysMax
        self.short = Self.workers(limits.workers, batchMax: limits.batchPeriodsMax, limits, scheduler)
        self.long = Self.workers(limits.longWorkers, batchMax: limits.longBatchPeriodsMax, limits, scheduler)
    }

    private static func workers(
        _ workers: Int, batchMax: Int, _ limits: Limits, _ scheduler: any BatchScheduler
    ) -> BatchWorkers<Item> {
        BatchWorkers(
            limits: .init(
                queueMax: limits.queueReadsMax, batchMax: batchMax, workers: workers, queueWaitMax: limits.queueWaitMax,
                answerMax: limits.answerMax),
            scheduler: scheduler
        ) { $0.continuation.resume(returning: .failure(.sobrecarga)) }
    }

    /// The number of reads that wait for a worker.
    var count: Int { self.short.count + self.long.count }

    /// Returns one day. An account or a day without entries has zeros and carries the balance forward.
    package func dia(_ data: Dia, of filtro: FiltroDeConta) async throws(ReadFailure) -> SaldoDiario {
        guard let periodo = Periodo(de: data, ate: data) else { throw .indisponivel }
        let saldo = try await self.periodo(periodo, of: filtro)
        guard let dia = saldo.dias.first else { throw .indisponivel }
        return dia
    }

    /// Returns every day of a period.
    package func periodo(_ periodo: Periodo, of filtro: FiltroDeConta) async throws(ReadFailure) -> SaldoDoPeriodo {
        guard case .uma(let conta) = filtro else {
            do throws(StorageFailure) { return try await self.repository.soma(periodo, of: filtro) } catch { throw ReadFailure(error) }
        }
        let workers = periodo.quantidadeDeDias <= self.shortDaysMax ? self.short : self.long
        let result = await withCheckedContinuation { continuation in
            workers.submit([Item(pedido: PedidoDeSaldo(conta: conta, periodo: periodo), continuation: continuation)])
        }
        return try result.get()
    }

    /// Returns accounts by name, and whether there are more.
    func contas(
        _ filtros: [FiltroDeConta], after: String?, limit: Int
    ) async throws(ReadFailure) -> (contas: [ResumoDeConta], temMais: Bool) {
        do throws(StorageFailure) {
            let found = try await self.repository.contas(filtros, after: after, limit: limit + 1)
            return (Array(found.prefix(limit)), found.count > limit)
        } catch {
            throw ReadFailure(error)
        }
    }

    /// Runs the workers until graceful shutdown, then answers the waiting reads and returns.
    package func run() async {
        async let long: Void = self.long.run { await self.answer($0.items) }
        await self.short.run { await self.answer($0.items) }
        await long
    }

    /// Refuses further reads. ``run()`` returns when the waiting ones are answered.
    func close() {
        self.short.close()
        self.long.close()
    }

    private func answer(_ items: [Item]) async {
        // Equal requests share one result.
        var positions: [PedidoDeSaldo: Int] = [:]
        var pedidos: [PedidoDeSaldo] = []
        for item in items where positions[item.pedido] == nil {
            positions[item.pedido] = pedidos.count
            pedidos.append(item.pedido)
        }
        do throws(StorageFailure) {
            let saldos = try await self.repository.saldos(pedidos)
            for item in items {
                let saldo = positions[item.pedido].flatMap { saldos.indices.contains($0) ? saldos[$0] : nil }
                item.continuation.resume(returning: saldo.map { .success($0) } ?? .failure(.indisponivel))
            }
        } catch {
            for item in items { item.continuation.resume(returning: .failure(ReadFailure(error))) }
        }
    }
}
