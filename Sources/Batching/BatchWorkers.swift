import NIOConcurrencyHelpers
import ServiceLifecycle

/// A few workers that process concurrent items in batches.
///
/// While no worker is busy a single item is processed at once. While one is busy, items gather for up to ``Limits/gatherMax`` before another
/// joins: a few large batches cost far less than many small ones. An item is refused, unprocessed, if the queue is full or if no worker
/// accepted it within ``Limits/queueWaitMax``. A batch is processed within ``Limits/answerMax`` of its oldest item, so that no caller waits
/// longer than that, whatever the work waits for.
package final class BatchWorkers<Item: Sendable>: Sendable {
    package struct Limits: Sendable {
        /// Items that may wait for a worker.
        package var queueMax: Int
        /// Items in one batch.
        package var batchMax: Int
        /// Batches at the same time.
        package var workers: Int
        /// Longest wait of an item for a worker, also while all workers are busy.
        package var queueWaitMax: Duration
        /// Longest time from an item's submission to its outcome, where the submission names no other deadline. At least
        /// ``queueWaitMax`` and the time that a batch normally takes.
        package var answerMax: Duration
        /// Longest time in which items gather while some workers are busy and others are idle.
        package var gatherMax: Duration = .milliseconds(4)

        package init(queueMax: Int, batchMax: Int, workers: Int, queueWaitMax: Duration, answerMax: Duration) {
            self.queueMax = queueMax
            self.batchMax = batchMax
            self.workers = workers
            self.queueWaitMax = queueWaitMax
            self.answerMax = answerMax
        }
    }

    /// Items to process together, and when their callers stop waiting.
    package struct Batch: Sendable {
        package let items: [Item]
        package let deadline: ContinuousClock.Instant
    }

    private struct Waiting: Sendable {
        let item: Item
        let since: ContinuousClock.Instant
        let deadline: ContinuousClock.Instant
    }

    private typealias Worker = CheckedContinuation<[Waiting]?, Never>

    private struct State {
        var queue: BatchQueue<Waiting, Worker>
        /// Whether a timer runs that ends the wait of the oldest item.
        var isExpiryScheduled = false
    }

    private let limits: Limits
    private let scheduler: any BatchScheduler
    private let refuse: @Sendable (Item) -> Void
    private let state: NIOLockedValueBox<State>

    /// - Parameters:
    ///   - scheduler: runs timers and workers.
    ///   - refuse: receives each item that no worker processes. Must not block.
    package init(
        limits: Limits, scheduler: any BatchScheduler = EventLoopScheduler(), refuse: @escaping @Sendable (Item) -> Void
    ) {
        self.limits = limits
        self.scheduler = scheduler
        self.refuse = refuse
        self.state = NIOLockedValueBox(
            State(
                queue: BatchQueue(
                    queueMax: limits.queueMax, batchMax: limits.batchMax, workers: limits.workers, joinMin: max(1, limits.batchMax / 4))))
    }

    /// The number of items that wait for a worker.
    package var count: Int { self.state.withLockedValue { $0.queue.count } }

    /// Adds items, in order. Each is either processed in a batch or refused.
    /// - Parameter deadline: when the caller stops waiting; nil: after ``Limits/answerMax``.
    package func submit(_ items: [Item], until deadline: ContinuousClock.Instant? = nil) {
        let now = ContinuousClock.now
        let deadline = deadline ?? now + self.limits.answerMax
        let (submission, startsExpiry) = self.state.withLockedValue { state in
            let submission = state.queue.submit(items.map { Waiting(item: $0, since: now, deadline: deadline) })
            let startsExpiry = state.queue.count > 0 && !state.isExpiryScheduled
            if startsExpiry { state.isExpiryScheduled = true }
            return (submission, startsExpiry)
        }
        if startsExpiry { self.expireLater(in: self.limits.queueWaitMax) }
        for item in items[submission.accepted...] { self.refuse(item) }
        for (worker, waiting) in submission.handOffs { worker.resume(returning: waiting) }
        if submission.gathers { self.joinLater(in: self.limits.gatherMax) }
    }

    private func expireLater(in delay: Duration) {
        self.scheduler.schedule(in: delay) { self.expire() }
    }

    /// Refuses the items whose wait is over: busy workers may be stuck, for example in a database that does not answer.
    private func expire() {
        let oldest = ContinuousClock.now - self.limits.queueWaitMax
        let (expired, next) = self.state.withLockedValue { state in
            let expired = state.queue.removeFirst { $0.since <= oldest }
            let next = state.queue.first.map { $0.since - oldest }
            if next == nil { state.isExpiryScheduled = false }
            return (expired, next)
        }
        for waiting in expired { self.refuse(waiting.item) }
        if let next { self.expireLater(in: next) }
    }

    private func joinLater(in delay: Duration) {
        self.scheduler.schedule(in: delay) { self.join() }
    }

    private func join() {
        let due = ContinuousClock.now - self.limits.gatherMax
        var rest: Duration?
        let handOff = self.state.withLockedValue { state in
            // The items of this timer were processed; newer ones gather for their own time.
            if let first = state.queue.first, first.since > due {
                rest = first.since - due
                return (worker: Worker, items: [Waiting])?.none
            }
            return state.queue.join()
        }
        if let handOff { handOff.worker.resume(returning: handOff.items) }
        if let rest { self.joinLater(in: rest) }
    }

    /// Runs the workers until cancellation, graceful shutdown or ``close()``, and until the items waiting then are processed.
    package func run(_ work: @escaping @Sendable (Batch) async -> Void) async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for _ in 0..<self.limits.workers {
                    let executor = self.scheduler.nextExecutor()
                    group.addTask {
                        await withTaskExecutorPreference(executor) {
                            while let batch = await self.next() {
                                if !batch.items.isEmpty { await work(batch) }
                            }
                        }
                    }
                }
            }
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    /// Refuses further items; ``run(_:)`` returns when the waiting ones are processed.
    package func close() {
        let idle = self.state.withLockedValue { $0.queue.close() }
        for worker in idle { worker.resume(returning: nil) }
    }

    /// The next batch; nil after ``close()``.
    private func next() async -> Batch? {
        let waiting = await withCheckedContinuation { (worker: Worker) in
            switch self.state.withLockedValue({ $0.queue.demand(worker) }) {
            case .take(let waiting): worker.resume(returning: waiting)
            case .end: worker.resume(returning: nil)
            case .wait: break
            }
        }
        guard let waiting else { return nil }
        // The timer may be late: an event loop is busy, or the machine was suspended.
        let now = ContinuousClock.now
        let oldest = now - self.limits.queueWaitMax
        var items: [Item] = []
        items.reserveCapacity(waiting.count)
        var deadline = now + self.limits.answerMax
        for one in waiting {
            if one.since < oldest || one.deadline <= now {
                self.refuse(one.item)
            } else {
                items.append(one.item)
                deadline = min(deadline, one.deadline)
            }
        }
        return Batch(items: items, deadline: deadline)
    }
}
