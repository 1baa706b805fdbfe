import Batching

/// Which outbox rows this process has in hand: waiting in the ring, on their way to the broker, or confirmed and about to be deleted.
///
/// The sweeper passes over these, so that a row is not sent twice by the process that holds it. It does no I/O.
struct RelayState<Worker: Sendable>: Sendable {
    private(set) var ring: BatchQueue<Registration, Worker>
    private(set) var held: Set<Int64> = []

    init(ringRowsMax: Int, burstMax: Int) {
        self.ring = BatchQueue(queueMax: ringRowsMax, batchMax: burstMax)
    }

    /// Events of a commit; those that find the ring full stay in the outbox for the sweeper.
    /// - Returns: the workers to wake, each with its events.
    mutating func offer(_ events: [Registration]) -> [(worker: Worker, items: [Registration])] {
        let submission = self.ring.submit(events)
        self.held.formUnion(events.prefix(submission.accepted).compactMap(\.seq))
        return submission.handOffs
    }

    /// Events that the sweeper found; returns those that are not in hand already and now are.
    mutating func take(_ events: [Registration]) -> [Registration] {
        events.filter { event in event.seq.map { self.held.insert($0).inserted } ?? false }
    }

    mutating func demand(_ worker: Worker) -> BatchQueue<Registration, Worker>.Demand {
        self.ring.demand(worker)
    }

    /// Rows that were deleted, or that the broker did not confirm and that stay in the outbox.
    mutating func letGo(_ seqs: some Sequence<Int64>) {
        for seq in seqs { self.held.remove(seq) }
    }

    mutating func close() -> [Worker] {
        self.ring.close()
    }
}
