/// What relay and sweeper need of the outbox.
package protocol OutboxRepository: Sendable {
    /// Deletes rows whose events the broker has confirmed; those that are gone already are no error.
    func delete(_ seqs: [Int64]) async throws(FalhaDeArmazenamento)

    /// How much waits.
    /// - Parameter countedMax: counting stops there, so that a large backlog costs no more than a small one.
    func backlog(countedMax: Int64) async throws(FalhaDeArmazenamento) -> OutboxBacklog
}

/// What waits in the outbox.
package struct OutboxBacklog: Sendable, Equatable {
    /// Rows, up to the number asked for.
    package let pending: Int64
    /// Age of the oldest; zero without any.
    package let oldestAge: Duration

    package init(pending: Int64, oldestAge: Duration) {
        self.pending = pending
        self.oldestAge = oldestAge
    }
}

/// One instance's exclusive look at the outbox, for as long as the connection behind it lives.
package protocol OutboxLease: Sendable {
    /// Rows older than `minimumAge` whose `seq` is above `low`, in order.
    func claim(above low: Int64, minimumAge: Duration, limit: Int64) async throws(FalhaDeArmazenamento) -> OutboxClaim

    /// Gives the lease back.
    func release() async
}

/// What one look at the outbox found.
package struct OutboxClaim: Sendable, Equatable {
    /// The rows whose entries this program can read.
    package let events: [Registration]
    /// The last row looked at, readable or not; nil if there was none.
    package let lastSeq: Int64?

    package init(events: [Registration], lastSeq: Int64?) {
        self.events = events
        self.lastSeq = lastSeq
    }
}

/// Hands out the lease.
package protocol OutboxLeaseSource: Sendable {
    /// The lease, or nil while another instance holds it.
    func acquire() async throws(FalhaDeArmazenamento) -> (any OutboxLease)?
}
