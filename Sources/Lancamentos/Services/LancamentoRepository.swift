package import FluxoDeCaixa
package import Storage

/// The store of entries.
///
/// A call with a deadline ends then, with ``StorageFailure/outcomeUnknown`` if its statement was sent.
package protocol LancamentoRepository: Sendable {
    /// Stores the entries without a conflict, each with its outbox row, in one transaction.
    /// - Returns: the outbox row (`seq`) of each entry that this call stored. The others were stored before or conflict.
    func register(_ registrations: [Registration], until deadline: ContinuousClock.Instant) async throws(StorageFailure) -> [LancamentoID:
        Int64]

    /// Finds the stored entry that answers each registration: the one with its id, else with its account and key, else the reversal of the same
    /// entry; nil if there is none.
    func settle(_ registrations: [Registration], until deadline: ContinuousClock.Instant) async throws(StorageFailure) -> [Registration?]

    /// Returns one entry; nil if there is none.
    func find(_ id: LancamentoID, until deadline: ContinuousClock.Instant) async throws(StorageFailure) -> Lancamento?

    /// Waits until every transaction that was writing entries at the time of the call has ended.
    ///
    /// A transaction whose commit waits, for a replica or for the disk, is invisible to every look-up and may still commit, also long after
    /// its client gave up. What is not found before and after this call is in no such transaction.
    /// - Returns: whether they have ended in time.
    func openWritesEnd(within wait: Duration, until deadline: ContinuousClock.Instant) async throws(StorageFailure) -> Bool

    /// Returns the entries that match a filter, in an order.
    /// - Parameters:
    ///   - last: the entry before the first one; nil starts at the beginning.
    ///   - limit: the most entries.
    ///   - deadline: nil: none but the pool's limits.
    func list(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: ListPosition?, limit: Int, until deadline: ContinuousClock.Instant?
    ) async throws(StorageFailure) -> [Lancamento]
}

/// The order of a list of entries.
package enum ListOrder: Sendable {
    /// By id, which is nearly the order of registration.
    case newestFirst
    case oldestFirst
    /// By day, the entries of one day by id.
    case latestDayFirst
    case earliestDayFirst
}

/// The place of an entry in a list.
package struct ListPosition: Hashable, Sendable {
    package let id: LancamentoID
    package let data: Dia

    package init(id: LancamentoID, data: Dia) {
        self.id = id
        self.data = data
    }

    package init(_ lancamento: Lancamento) {
        self.init(id: lancamento.id, data: lancamento.data)
    }
}
