package import FluxoDeCaixa
package import Storage

/// The store of entries as the repair tools read it.
package protocol EntryArchive: Sendable {
    /// Entries with ids in the range, in the order of ids.
    func entries(_ range: Range<LancamentoID>, limit: Int) async throws(StorageFailure) -> [Registration]

    /// The number of entries with ids in the range.
    func count(_ range: Range<LancamentoID>) async throws(StorageFailure) -> Int64

    /// The state of the whole outbox.
    /// - Parameter age: rows that are younger count as young.
    func outbox(youngerThan age: Duration) async throws(StorageFailure) -> OutboxStatus

    /// The number of outbox rows up to this one.
    func pending(upTo seq: Int64) async throws(StorageFailure) -> Int64
}

/// The rows of the outbox, by why they may wait.
package struct OutboxStatus: Sendable, Equatable {
    /// All of them.
    package let pending: Int64
    /// Those whose entry does not exist: they can never be published.
    package let withoutEntry: Int64
    /// Those that an instance probably holds in memory and is sending now.
    package let young: Int64
    /// Zero without any.
    package let oldestAge: Duration
    /// The highest `seq`; zero without any.
    package let lastSeq: Int64

    package init(pending: Int64, withoutEntry: Int64, young: Int64, oldestAge: Duration, lastSeq: Int64) {
        self.pending = pending
        self.withoutEntry = withoutEntry
        self.young = young
        self.oldestAge = oldestAge
        self.lastSeq = lastSeq
    }
}

/// The entries that were registered in a period.
package struct RegistrationPeriod: Sendable, Equatable {
    /// Their ids.
    package let ids: Range<LancamentoID>

    /// - Parameters:
    ///   - first: the first instant.
    ///   - last: the last instant, which belongs to the period with all of its millisecond.
    /// - Returns: nil if the last is before the first or one of them is before 1970.
    package init?(_ first: Instante, through last: Instante) {
        guard first <= last, first.milissegundos >= 0 else { return nil }
        self.ids = .lowerBound(of: first)..<(.lowerBound(of: Instante(milissegundos: last.milissegundos + 1)))
    }
}
