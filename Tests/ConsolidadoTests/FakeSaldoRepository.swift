import AMQP
import Contrato
import FluxoDeCaixa
import Storage

@testable import Consolidado

/// Applied entries in memory, with failures on demand.
actor FakeSaldoRepository: SaldoRepository {
    private(set) var entries: [LancamentoID: LancamentoAplicavel] = [:]
    /// The highest number of concurrent batches.
    private(set) var batchesAtOnceMax = 0
    private var batchesAtOnce = 0
    private let refusedID: LancamentoID?
    /// The number of calls that will fail.
    private var failures: Int

    init(refusedID: LancamentoID? = nil, failures: Int = 0) {
        self.refusedID = refusedID
        self.failures = failures
    }

    func apply(_ entries: [LancamentoAplicavel]) async throws(StorageFailure) -> Set<LancamentoID> {
        self.batchesAtOnce += 1
        self.batchesAtOnceMax = max(self.batchesAtOnceMax, self.batchesAtOnce)
        defer { self.batchesAtOnce -= 1 }
        // Gives concurrent batches a chance to start.
        for _ in 0..<100 { await Task.yield() }
        try self.failOnDemand()
        if entries.contains(where: { $0.id == self.refusedID }) { throw .invalidData }
        var new: Set<LancamentoID> = []
        for entry in entries where self.entries[entry.id] == nil {
            self.entries[entry.id] = entry
            new.insert(entry.id)
        }
        return new
    }

    func applied(_ ids: [LancamentoID]) async throws(StorageFailure) -> [LancamentoID: LancamentoAplicavel] {
        self.entries.filter { ids.contains($0.key) }
    }

    /// Whether the message holds no entry, or one that is applied or refused.
    func hasSeen(_ delivery: Delivery) -> Bool {
        guard case .success(let entry) = EventoLancamentoRegistrado.decode(body: delivery.body, messageID: nil) else { return true }
        return self.entries[entry.id] != nil || entry.id == self.refusedID
    }

    private func failOnDemand() throws(StorageFailure) {
        guard self.failures > 0 else { return }
        self.failures -= 1
        throw .unavailable
    }
}
