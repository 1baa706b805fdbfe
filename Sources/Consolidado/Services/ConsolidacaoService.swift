package import Contrato
import FluxoDeCaixa

/// Applies received entries to the balances, each exactly once.
package struct ConsolidacaoService: Sendable {
    private let repository: any SaldoRepository
    private let onApplied: @Sendable ([LancamentoAplicavel]) -> Void

    /// - Parameter onApplied: told after each batch which of its entries are in the balances now, those that were before included; must not
    ///   wait.
    package init(repository: any SaldoRepository, onApplied: @escaping @Sendable ([LancamentoAplicavel]) -> Void = { _ in }) {
        self.repository = repository
        self.onApplied = onApplied
    }

    /// Applies a batch. Running the same batch again is harmless.
    /// - Returns: what became of each entry, in order.
    /// - Throws: ``FalhaDeArmazenamento/indisponivel``; ``FalhaDeArmazenamento/dados`` where one entry alone is refused by the store.
    func apply(_ received: [LancamentoAplicavel]) async throws(FalhaDeArmazenamento) -> [ApplyBatch.Outcome] {
        let batch = ApplyBatch(received)
        let new = try await self.repository.apply(batch.toSend)
        let toCompare = batch.toCompare(new: new)
        let stored = toCompare.isEmpty ? [:] : try await self.repository.applied(toCompare)
        guard let outcomes = batch.outcomes(new: new, stored: stored) else { throw .indisponivel }
        self.onApplied(zip(received, outcomes).filter { $0.1 != .conflict }.map(\.0))
        return outcomes
    }
}
