package import FluxoDeCaixa
package import Storage

/// The store of entries.
package protocol LancamentoRepository: Sendable {
    /// Stores the entries without a conflict, each with its outbox row, in one transaction.
    /// - Returns: the outbox row (`seq`) of each entry that this call stored. The others were stored before or conflict.
    func register(_ registrations: [Registration]) async throws(StorageFailure) -> [LancamentoID: Int64]

    /// Finds the stored entry that answers each registration: the one with its id, else with its account and key, else the reversal of the same
    /// entry; nil if there is none.
    func settle(_ registrations: [Registration]) async throws(StorageFailure) -> [Registration?]

    /// Returns one entry; nil if there is none.
    func find(_ id: LancamentoID) async throws(StorageFailure) -> Lancamento?

    /// Returns the entries that match a filter, ordered by id, which is nearly the order of registration.
    /// - Parameters:
    ///   - last: the entry before the first one; nil starts at the beginning.
    ///   - limit: the most entries.
    func list(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: LancamentoID?, limit: Int
    ) async throws(StorageFailure) -> [Lancamento]
}

/// The order of a list of entries.
package enum ListOrder: Sendable {
    case newestFirst
    case oldestFirst
}
