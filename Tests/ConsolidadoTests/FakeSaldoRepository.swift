import AMQP
import Contrato
import FluxoDeCaixa

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
    /// The accounts whose rows another session holds.
    private(set) var held: Set<Conta> = []
    /// The accounts that another session has inserted and not committed: no query shows them.
    private var hidden: Set<Conta> = []
    /// The accounts that the database refuses to change.
    private var damaged: Set<Conta> = []
    /// The number of statements that waited for a lock in vain.
    private(set) var lockTimeouts = 0

    init(refusedID: LancamentoID? = nil, failures: Int = 0) {
        self.refusedID = refusedID
        self.failures = failures
    }

    func apply(_ entries: [LancamentoAplicavel]) async throws(ApplyFailure) -> Set<LancamentoID> {
        self.batchesAtOnce += 1
        self.batchesAtOnceMax = max(self.batchesAtOnceMax, self.batchesAtOnce)
        defer { self.batchesAtOnce -= 1 }
        // Gives concurrent batches a chance to start.
        for _ in 0..<100 { await Task.yield() }
        try self.failOnDemand()
        let contas = Set(entries.map(\.conta))
        if !contas.isDisjoint(with: self.held.union(self.hidden)) {
            self.lockTimeouts += 1
            throw .rowLocked
        }
        if !contas.isDisjoint(with: self.damaged) { throw .refused }
        if entries.contains(where: { $0.id == self.refusedID }) { throw .invalidData }
        var new: Set<LancamentoID> = []
        for entry in entries where self.entries[entry.id] == nil {
            self.entries[entry.id] = entry
            new.insert(entry.id)
        }
        return new
    }

    func applied(_ ids: [LancamentoID]) async throws(ApplyFailure) -> [LancamentoID: LancamentoAplicavel] {
        self.entries.filter { ids.contains($0.key) }
    }

    func lockedAccounts(of entries: [LancamentoAplicavel]) async throws(ApplyFailure) -> Set<Conta> {
        self.held.intersection(entries.map(\.conta))
    }

    /// Holds rows of these accounts as other sessions do, until the next call.
    func hold(_ held: Set<Conta> = [], hidden: Set<Conta> = [], damaged: Set<Conta> = []) {
        (self.held, self.hidden, self.damaged) = (held, hidden, damaged)
    }

    /// The next calls fail.
    func fail(_ calls: Int) {
        self.failures += calls
    }

    /// Whether the message holds no entry, or one that is applied or refused.
    func hasSeen(_ delivery: Delivery) -> Bool {
        guard case .success(let entry) = EventoLancamentoRegistrado.decode(body: delivery.body, messageID: nil) else { return true }
        return self.entries[entry.id] != nil || entry.id == self.refusedID
    }

    private func failOnDemand() throws(ApplyFailure) {
        guard self.failures > 0 else { return }
        self.failures -= 1
        throw .unavailable
    }
}
