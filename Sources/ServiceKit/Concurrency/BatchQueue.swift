import DequeModule

/// A bounded queue between those who bring items and workers that take them in batches: what waits, and which workers wait.
///
/// It does no I/O; each transition says whom to wake. While nobody works, what comes is handed over at once, so a lone item is not delayed.
/// While somebody does, items gather, which is what makes batches: another worker joins when enough of them wait, or when told that they
/// have waited for long enough. (The same thought as Nagle's, RFC 896, with several segments on their way.)
package struct BatchQueue<Item: Sendable, Worker: Sendable>: Sendable {
    /// What becomes of items that were brought.
    package struct Submission {
        /// How many of them, from the front, were taken on; the rest found the queue full or closed.
        package var accepted: Int
        /// Workers to wake, each with its items.
        package var handOffs: [(worker: Worker, items: [Item])] = []
        /// Whether items begin to gather while workers are idle: ``BatchQueue/join()`` is to be called in a while.
        package var gathers = false
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
    /// How many workers there are, and how many items make another join those that are busy.
    private let workers: Int
    private let joinMin: Int

    private var items: Deque<Item> = []
    private var idleWorkers: [Worker] = []
    private var isGathering = false
    private var isClosed = false

    /// - Parameters:
    ///   - workers: how many there are: those that are not idle are taken to be busy.
    ///   - joinMin: items that must wait before another worker joins those that are busy; 1: each joins at once.
    package init(queueMax: Int, batchMax: Int, workers: Int = 1, joinMin: Int = 1) {
        self.queueMax = queueMax
        self.batchMax = batchMax
        self.workers = workers
        self.joinMin = joinMin
    }

    /// How many wait.
    package var count: Int { self.items.count }

    /// What has waited longest.
    package var first: Item? { self.items.first }

    /// Items are brought, in order.
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

    /// What waits has gathered for long enough.
    /// - Returns: whom to wake with it, if somebody is idle and something waits.
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
