import Consolidado
import Contrato
import FluxoDeCaixa
import Lancamentos
import Logging
import NIOConcurrencyHelpers
import Postgres
import ServiceRuntime
import Storage

/// The parts in PostgreSQL: the statements of the services' own repositories, on databases with the services' own schema.
struct DatabaseParts: Sendable {
    let lancamentos: PostgresClient
    let consolidado: PostgresClient
    let hoje: Dia
    let logger: Logger
    private static let answerMax: Duration = .seconds(10)

    /// Measures inserts into both tables in rows a second. The outbox rows stay for ``delete(_:)``.
    func insert(for duration: Duration) async throws -> (Measured, outbox: [Int64]) {
        let repository = PostgresLancamentoRepository(client: self.lancamentos, reads: self.lancamentos, logger: self.logger)
        let inserted = NIOLockedValueBox<[Int64]>([])
        let measured = try await Stopwatch.measure(for: duration, states: self.entries("limites-i")) { entries in
            let agora = SystemClock.agora()
            let batch = (0..<Workload.insertBatchRows).map { _ in Self.registro(entries.next(agora: agora)) }
            let rows = try await repository.register(batch, until: .now + Self.answerMax)
            inserted.withLockedValue { $0 += rows.values.sorted() }
            return rows.count
        }
        return (measured, inserted.withLockedValue { $0 })
    }

    /// Measures single entries at the rate of `pico`, each in its own durable transaction.
    /// - Returns: the p99 in ms from the time at which each was due; nil if the database does not keep up with the rate.
    func singleInserts(for duration: Duration) async throws -> Double? {
        let repository = PostgresLancamentoRepository(client: self.lancamentos, reads: self.lancamentos, logger: self.logger)
        var entries = Entries(prefix: "limites-u", hoje: self.hoje)
        let begin = ContinuousClock.now
        return try await withThrowingTaskGroup(of: (number: Int, latency: Duration?).self) { group in
            // The first second is not counted. It includes connecting and planning.
            let warmUp = Int(Workload.peakPerSecond)
            for number in 0..<(warmUp + Int(Workload.peakPerSecond * (duration / .seconds(1)))) {
                let due = begin + .seconds(Double(number) / Workload.peakPerSecond)
                try await Task.sleep(until: due)
                let row = Self.registro(entries.next(agora: SystemClock.agora()))
                group.addTask {
                    do throws(StorageFailure) {
                        _ = try await repository.register([row], until: .now + Self.answerMax)
                        return (number, .now - due)
                    } catch {
                        guard error == .overloaded else { throw error }
                        return (number, nil)
                    }
                }
            }
            var latencies: [Duration] = []
            for try await (number, latency) in group {
                guard let latency else { return nil }
                if number >= warmUp { latencies.append(latency) }
            }
            return latencies.sorted()[latencies.count * 99 / 100] / .milliseconds(1)
        }
    }

    /// Measures deletes from the outbox in rows a second.
    func delete(_ outbox: [Int64]) async throws -> Measured {
        let repository = PostgresOutboxRepository(client: self.lancamentos)
        return try await Stopwatch.measure(
            through: Self.pieces(outbox.sorted(), of: Workload.deleteBatchRows), connections: Workload.connections
        ) { try await repository.delete($0) }
    }

    /// Measures the application of entries to balances in entries a second.
    func apply(for duration: Duration) async throws -> Measured {
        let repository = PostgresSaldoRepository(client: self.consolidado, logger: self.logger)
        // Both connections update the same accounts, as two instances do.
        return try await Stopwatch.measure(for: duration, states: self.entries("limites-a", shared: true)) { entries in
            let agora = SystemClock.agora()
            let batch = (0..<Workload.applyBatchRows).map { _ in LancamentoAplicavel(entries.next(agora: agora)) }
            return try await repository.apply(batch.sorted { $0.id < $1.id }).count
        }
    }

    /// Measures reads of days a second, of the accounts that ``apply(for:)`` has filled.
    func read(for duration: Duration) async throws -> Measured {
        let repository = PostgresSaldoReadRepository(client: self.consolidado, sums: self.consolidado, logger: self.logger)
        return try await Stopwatch.measure(for: duration, states: self.entries("limites-a", shared: true)) { entries in
            let pedidos = (0..<Workload.readBatchKeys).map { _ in entries.nextRead() }
            return try await repository.saldos(pedidos).count
        }
    }

    /// The row that the service makes from an entry.
    private static func registro(_ lancamento: Lancamento) -> Registration {
        Registration(
            lancamento: lancamento,
            // The size of a versioned hash of the content.
            conteudo: lancamento.chave == nil ? nil : [UInt8](repeating: 1, count: 33),
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    }

    private func entries(_ prefix: String, shared: Bool = false) -> [Entries] {
        (0..<Workload.connections).map { Entries(prefix: shared ? prefix : "\(prefix)\($0)", hoje: self.hoje) }
    }

    private static func pieces<Element>(_ elements: [Element], of size: Int) -> [[Element]] {
        stride(from: 0, to: elements.count, by: size).map { Array(elements[$0..<min($0 + size, elements.count)]) }
    }
}

extension LancamentoAplicavel {
    /// The content that the consumer reads from the event of an entry.
    fileprivate init(_ lancamento: Lancamento) {
        self.init(
            id: lancamento.id, conta: lancamento.conta, data: lancamento.data, tipo: lancamento.tipo,
            natureza: lancamento.natureza.rawValue,
            valor: lancamento.valor)
    }
}
