package import Contrato
import FluxoDeCaixa

/// Applies received entries to the balances, each exactly once.
package struct ConsolidacaoService: Sendable {
    private let repository: any SaldoRepository
    private let onApplied: @Sendable ([LancamentoAplicavel]) -> Void

    /// - Parameter onApplied: called after each batch with the entries that are now in the balances, including duplicates. It must not wait.
    package init(repository: any SaldoRepository, onApplied: @escaping @Sendable ([LancamentoAplicavel]) -> Void = { _ in }) {
        self.repository = repository
        self.onApplied = onApplied
    }

    /// Applies a batch. Running the same batch again is harmless.
    /// - Returns: the outcome of each entry, in order.
    func apply(_ received: [LancamentoAplicavel]) async throws(ApplyFailure) -> [ApplyBatch.Outcome] {
        let batch = ApplyBatch(received)
        let new = try await self.repository.apply(batch.toSend)
        let toCompare = batch.toCompare(new: new)
        let stored = toCompare.isEmpty ? [:] : try await self.repository.applied(toCompare)
        guard let outcomes = batch.outcomes(new: new, stored: stored) else { throw .unavailable }
        self.onApplied(zip(received, outcomes).filter { $0.1 != .conflict }.map(\.0))
        return outcomes
    }

    /// Returns the accounts of the entries that cannot be changed now, because another session holds one of their rows.
    func lockedAccounts(of received: [LancamentoAplicavel]) async throws(ApplyFailure) -> Set<Conta> {
        try await self.repository.lockedAccounts(of: received)
    }
}

/// A batch of received entries on its way into the balances.
///
/// The statement receives the first entry of each id. The others, and those whose id was not new, are then compared with the stored entry:
/// an equal one is a duplicate, a different one a conflict.
struct ApplyBatch: Sendable {
    enum Outcome: Sendable, Equatable {
        case applied
        case duplicate
        /// The id was applied before with different content.
        case conflict
    }

    let received: [LancamentoAplicavel]
    /// One entry per id, sorted by id: every instance locks in this order.
    let toSend: [LancamentoAplicavel]
    private let firstPosition: [LancamentoID: Int]

    init(_ received: [LancamentoAplicavel]) {
        self.received = received
        var firstPosition: [LancamentoID: Int] = [:]
        for (position, entry) in received.enumerated() where firstPosition[entry.id] == nil { firstPosition[entry.id] = position }
        self.firstPosition = firstPosition
        self.toSend = firstPosition.values.map { received[$0] }.sorted { $0.id < $1.id }
    }

    /// The ids to look up, given the ids that were new.
    func toCompare(new: Set<LancamentoID>) -> [LancamentoID] {
        let ids = self.received.indices.filter { !self.isApplied($0, new) }.map { self.received[$0].id }
        return Set(ids).sorted()
    }

    /// The outcome of each received entry; nil if one is neither new nor stored. It was removed in between, and the batch must run again.
    func outcomes(new: Set<LancamentoID>, stored: [LancamentoID: LancamentoAplicavel]) -> [Outcome]? {
        var outcomes: [Outcome] = []
        for (position, entry) in self.received.enumerated() {
            if self.isApplied(position, new) {
                outcomes.append(.applied)
            } else if let known = stored[entry.id] {
                outcomes.append(known == entry ? .duplicate : .conflict)
            } else {
                return nil
            }
        }
        return outcomes
    }

    private func isApplied(_ position: Int, _ new: Set<LancamentoID>) -> Bool {
        let id = self.received[position].id
        return new.contains(id) && self.firstPosition[id] == position
    }
}
