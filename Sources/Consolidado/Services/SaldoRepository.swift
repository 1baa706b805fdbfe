package import Contrato
package import FluxoDeCaixa

/// What the consolidation needs of the store of balances.
package protocol SaldoRepository: Sendable {
    /// Applies entries that were not applied before, in one transaction: each entry, its account, its day and its month.
    /// - Parameter entries: with distinct ids.
    /// - Returns: the ids that were new.
    func apply(_ entries: [LancamentoAplicavel]) async throws(FalhaDeArmazenamento) -> Set<LancamentoID>

    /// The stored entries of these ids.
    func applied(_ ids: [LancamentoID]) async throws(FalhaDeArmazenamento) -> [LancamentoID: LancamentoAplicavel]
}

/// What went wrong with the store, as far as the services decide by it.
package enum FalhaDeArmazenamento: Error, Sendable, Equatable {
    /// The same call may succeed later; calls are idempotent, so it does not matter whether this one was carried out.
    case indisponivel
    /// The store refuses the data.
    case dados
}
