import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import ServiceLifecycle

/// A few workers that take what comes in at the same time in batches.
///
/// While no worker is busy a lone item is taken at once. While one is, items gather for up to ``Limits/gatherMax`` before another joins in:
/// a few large batches cost far less than many small ones. What finds the queue full, or waits in it for too long, is refused, and nothing of
/// it was worked on.
package final class BatchWorkers<Item: Sendable>: Sendable {
    /// The limits.
    package struct Limits: Sendable {
        /// Items that may wait for a worker.
        package var queueMax: Int
        /// Items in one batch.
        package var batchMax: Int
        /// Batches at the same time.
        package var workers: Int
        /// How long an item may wait for a worker.
        package var queueWaitMax: Duration
        /// How long items gather at most while some workers are busy and others are not.
        package var gatherMax: Duration = .milliseconds(4)

        package init(queueMax: Int, batchMax: Int, workers: Int, queueWaitMax: Duration) {
            self.queueMax = queueMax
            self.batchMax = batchMax
            self.workers = workers
            self.queueWaitMax = queueWaitMax
        }
    }

    private struct Waiting: Sendable {
        let item: Item
        let since: ContinuousClock.Instant
    }

    private typealias Worker = CheckedContinuation<[Waiting]?, Never>

    private let limits: Limits
    private let refuse: @Sendable (Item) -> Void
    private let queue: NIOLockedValueBox<BatchQueue<Waiting, Worker>>

    /// - Parameter refuse: is given each item that no worker will take. Must not wait.
    package init(limits: Limits, refuse: @escaping @Sendable (Item) -> Void) {
        self.limits = limits
        self.refuse = refuse
        self.queue = NIOLockedValueBox(
            BatchQueue(
                queueMax: limits.queueMax, batchMax: limits.batchMax, workers: limits.workers, joinMin: max(1, limits.batchMax / 4)))
    }

    /// How many items wait for a worker.
    package var count: Int { self.queue.withLockedValue { $0.count } }

    /// Brings items, in order. Each ends either in a batch or refused.
    package func submit(_ items: [Item]) {
        let now = ContinuousClock.now
        let submission = self.queue.withLockedValue { $0.submit(items.map { Waiting(item: $0, since: now) }) }
        for item in items[submission.accepted...] { self.refuse(item) }
        for (worker, waiting) in submission.handOffs { worker.resume(returning: waiting) }
        if submission.gathers { self.joinLater(in: self.limits.gatherMax) }
    }

    private func joinLater(in delay: Duration) {
        // The loop that this thread runs, if it runs one: then nobody is woken for it.
        _ = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(delay)) { self.join() }
    }

    private func join() {
        let due = ContinuousClock.now - self.limits.gatherMax
        var rest: Duration?
        let handOff = self.queue.withLockedValue { queue in
            // What this was meant for is gone; what came since gathers for its own time.
            if let first = queue.first, first.since > due {
                rest = first.since - due
                return (worker: Worker, items: [Waiting])?.none
            }
            return queue.join()
        }
        if let handOff { handOff.worker.resume(returning: handOff.items) }
        if let rest { self.joinLater(in: rest) }
    }

    /// Runs the workers until cancellation, graceful shutdown or ``close()``, and until what waits then is done.
    package func run(_ work: @escaping @Sendable ([Item]) async -> Void) async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for _ in 0..<self.limits.workers {
                    // Where requests are handled, so that handing over wakes a thread less.
                    let executor = EventLoopExecutor(MultiThreadedEventLoopGroup.singleton.next())
                    group.addTask {
                        await withTaskExecutorPreference(executor) {
                            while let items = await self.next() {
                                if !items.isEmpty { await work(items) }
                            }
                        }
                    }
                }
            }
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    /// Takes nothing more; ``run(_:)`` returns when what waits is done.
    package func close() {
        let idle = self.queue.withLockedValue { $0.close() }
        for worker in idle { worker.resume(returning: nil) }
    }

    /// The next batch, without what has waited for too long; nil: it is time to end.
    private func next() async -> [Item]? {
        let waiting = await withCheckedContinuation { (worker: Worker) in
            switch self.queue.withLockedValue({ $0.demand(worker) }) {
            case .take(let waiting): worker.resume(returning: waiting)
            case .end: worker.resume(returning: nil)
            case .wait: break
            }
        }
        guard let waiting else { return nil }
        let oldest = ContinuousClock.now - self.limits.queueWaitMax
        for one in waiting where one.since < oldest { self.refuse(one.item) }
        return waiting.filter { $0.since >= oldest }.map { $0.item }
    }
}
