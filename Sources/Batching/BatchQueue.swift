import DequeModule

/// A bounded queue between producers and workers that process items in batches: the waiting items, and the idle workers.
///
/// It does no I/O; each transition returns the workers to wake. While no worker is busy, items are handed over at once, so a single item is
/// not delayed. While one is busy, items gather into batches: another worker joins when enough items wait, or on ``join()``. (Nagle's
/// algorithm, RFC 896, with several segments in flight.)
package struct BatchQueue<Item: Sendable, Worker: Sendable>: Sendable {
    /// The result of a submission.
    package struct Submission {
        /// The number of accepted items, from the front; for the rest the queue was full or closed.
        package var accepted: Int
        /// Workers to wake, each with its items.
        package var handOffs: [(worker: Worker, items: [Item])] = []
        /// Whether items begin to gather while workers are idle: the caller then calls ``BatchQueue/join()`` after a delay.
        package var gathers = false
    }

    /// The next step of a free worker.
    package enum Demand {
        case take([Item])
        case wait
        case end
    }

    /// Items that may wait.
    package let queueMax: Int
    /// Items in one batch.
    package let batchMax: Int
    /// The number of workers, and the number of waiting items at which another joins busy ones.
    private let workers: Int
    private let joinMin: Int

    private var items: Deque<Item> = []
    private var idleWorkers: [Worker] = []
    private var isGathering = false
    private var isClosed = false

    /// - Parameters:
    ///   - workers: their number; workers that are not idle count as busy.
    ///   - joinMin: waiting items at which another worker joins busy ones; 1: at once.
    package init(queueMax: Int, batchMax: Int, workers: Int = 1, joinMin: Int = 1) {
        self.queueMax = queueMax
        self.batchMax = batchMax
        self.workers = workers
        self.joinMin = joinMin
    }

    /// The number of waiting items.
    package var count: Int { self.items.count }

    /// The item that has waited longest.
    package var first: Item? { self.items.first }

    /// Adds items, in order.
    package mutating func submit(_ new: [Item]) -> Submission {
        if self.isClosed || new.isEmpty { return Submission(accepted: 0) }
        let accepted = min(new.count, self.queueMax - self.items.count)
        self.items.append(contentsOf: new.prefix(accepted))
        var submission = Submission(accepted: accepted)
        while !self.items.isEmpty, self.idleWorkers.count >= self.workers || self.items.count >= self.joinMin,
            let worker = self.idleWorkers.popLast()
        {
            submission.handOffs.append((worker, self.takeBatch()))
        }
        if !self.items.isEmpty, !self.idleWorkers.isEmpty, !self.isGathering {
            self.isGathering = true
            submission.gathers = true
        }
        return submission
    }

    /// Ends the gathering of waiting items.
    /// - Returns: the worker to wake with them, if one is idle and items wait.
    package mutating func join() -> (worker: Worker, items: [Item])? {
        self.isGathering = false
        guard !self.items.isEmpty, let worker = self.idleWorkers.popLast() else { return nil }
        return (worker, self.takeBatch())
    }

    /// A worker is free.
    package mutating func demand(_ worker: Worker) -> Demand {
        if !self.items.isEmpty { return .take(self.takeBatch()) }
        if self.isClosed { return .end }
        self.idleWorkers.append(worker)
        return .wait
    }

    /// Removes a batch of waiting items, without waiting for more.
    package mutating func takeBatch() -> [Item] {
        let batch = Array(self.items.prefix(self.batchMax))
        self.items.removeFirst(batch.count)
        return batch
    }

    /// Removes the items from the front that satisfy a condition.
    package mutating func removeFirst(while condition: (Item) -> Bool) -> [Item] {
        let removed = Array(self.items.prefix(while: condition))
        self.items.removeFirst(removed.count)
        return removed
    }

    /// Refuses further items; waiting ones are still handed out.
    /// - Returns: the idle workers, which must end.
    package mutating func close() -> [Worker] {
        self.isClosed = true
        defer { self.idleWorkers.removeAll() }
        return self.idleWorkers
    }
}
