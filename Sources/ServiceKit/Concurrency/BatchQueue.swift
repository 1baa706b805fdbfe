import DequeModule

/// A bounded queue between those who bring items and workers that take them in batches: what waits, and which workers wait.
///
/// It does no I/O; each transition says whom to wake. A free worker is handed what comes at once, so a lone item is not delayed; while all
/// workers are busy items gather, which is what makes batches.
package struct BatchQueue<Item: Sendable, Worker: Sendable>: Sendable {
    /// What becomes of items that were brought.
    package struct Submission {
        /// How many of them, from the front, were taken on; the rest found the queue full or closed.
        package var accepted: Int
        /// Workers to wake, each with its items.
        package var handOffs: [(worker: Worker, items: [Item])] = []
    }

    /// What a free worker does next.
    package enum Demand {
        case take([Item])
        case wait
        case end
    }

    /// How many may wait.
    package let queueMax: Int
    /// How many a worker takes at most.
    package let batchMax: Int

    private var items: Deque<Item> = []
    private var idleWorkers: [Worker] = []
    private var isClosed = false

    package init(queueMax: Int, batchMax: Int) {
        self.queueMax = queueMax
        self.batchMax = batchMax
    }

    /// How many wait.
    package var count: Int { self.items.count }

    /// Items are brought, in order.
    package mutating func submit(_ new: [Item]) -> Submission {
        if self.isClosed || new.isEmpty { return Submission(accepted: 0) }
        let accepted = min(new.count, self.queueMax - self.items.count)
        self.items.append(contentsOf: new.prefix(accepted))
        var submission = Submission(accepted: accepted)
        while !self.items.isEmpty, let worker = self.idleWorkers.popLast() { submission.handOffs.append((worker, self.takeBatch())) }
        return submission
    }

    /// A worker is free.
    package mutating func demand(_ worker: Worker) -> Demand {
        if !self.items.isEmpty { return .take(self.takeBatch()) }
        if self.isClosed { return .end }
        self.idleWorkers.append(worker)
        return .wait
    }

    /// Takes what waits, without waiting for more.
    package mutating func takeBatch() -> [Item] {
        let batch = Array(self.items.prefix(self.batchMax))
        self.items.removeFirst(batch.count)
        return batch
    }

    /// Nothing more is accepted; what waits is still handed out.
    /// - Returns: the workers to send home.
    package mutating func close() -> [Worker] {
        self.isClosed = true
        defer { self.idleWorkers.removeAll() }
        return self.idleWorkers
    }
}
