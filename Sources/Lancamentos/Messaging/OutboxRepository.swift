package import Storage

/// What relay and sweeper need of the outbox.
package protocol OutboxRepository: Sendable {
    /// Deletes rows whose events the broker has confirmed; rows that are gone already are no error.
    func delete(_ seqs: [Int64]) async throws(StorageFailure)

    /// The rows that wait.
    /// - Parameter countedMax: counting stops there, so that a large backlog costs no more than a small one; more is estimated.
    func backlog(countedMax: Int64) async throws(StorageFailure) -> OutboxBacklog
}

/// The rows that wait in the outbox.
package struct OutboxBacklog: Sendable, Equatable {
    /// Their number. From the one asked for on it is an estimate, in which numbers that are gone from the middle count as rows.
    package let pending: Int64
    /// The age of the oldest; zero without any.
    package let oldestAge: Duration

    package init(pending: Int64, oldestAge: Duration) {
        self.pending = pending
        self.oldestAge = oldestAge
    }
}

/// The outbox as the one instance that holds the lease sees it.
package protocol OutboxLease: Sendable {
    /// Rows older than `minimumAge` whose `seq` is above `low`, in order.
    func claim(above low: Int64, minimumAge: Duration, limit: Int64) async throws(StorageFailure) -> OutboxClaim
}

package struct OutboxClaim: Sendable, Equatable {
    /// The rows whose entries this program can read.
    package let events: [Registration]
    /// The last row read, whether or not this program can read its entry; nil if there was none.
    package let lastSeq: Int64?

    package init(events: [Registration], lastSeq: Int64?) {
        self.events = events
        self.lastSeq = lastSeq
    }
}
