import Batching
import FluxoDeCaixa
package import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle
package import ServiceRuntime
import Storage

/// Publishes committed events to the broker through a ring in memory, without reading the outbox.
///
/// A row is deleted only after the broker has confirmed its event. Events that find the ring full and unconfirmed events stay in the outbox,
/// where the ``Sweeper`` finds them.
package final class Relay: Service, Sendable {
    package struct Limits: Sendable {
        package var ringRowsMax: Int
        package var burstMax = 64
        package var burstsInFlight = 16
        package var deleteRowsMax = 1000
        /// The most confirmed rows that wait to be deleted. Further rows stay in the outbox and their events are sent again.
        package var confirmedRowsMax = 20_000
        /// How long confirmed rows gather before they are deleted.
        package var deleteInterval: Duration = .milliseconds(20)
        /// The longest wait for confirms at shutdown.
        package var shutdownMax: Duration = .seconds(5)

        package init(ringRowsMax: Int) {
            self.ringRowsMax = ringRowsMax
        }
    }

    private typealias Worker = CheckedContinuation<[Registration]?, Never>
    private typealias Deleter = CheckedContinuation<[Int64]?, Never>

    private let publisher: any EventPublisher
    private let outbox: any OutboxRepository
    private let limits: Limits
    private let work: WorkMeter
    private let logger: Logger
    private let state: NIOLockedValueBox<RelayState<Worker>>
    private let confirmed: NIOLockedValueBox<BatchQueue<Int64, Deleter>>

    /// - Parameter work: counts bursts and deletions.
    package init(
        publisher: any EventPublisher, outbox: any OutboxRepository, limits: Limits, work: WorkMeter = WorkMeter(), logger: Logger
    ) {
        self.publisher = publisher
        self.outbox = outbox
        self.limits = limits
        self.work = work
        self.logger = logger
        self.state = NIOLockedValueBox(RelayState(ringRowsMax: limits.ringRowsMax, burstMax: limits.burstMax))
        self.confirmed = NIOLockedValueBox(BatchQueue(queueMax: limits.confirmedRowsMax, batchMax: limits.deleteRowsMax))
    }

    /// Accepts the events of a commit without waiting. Events that find the ring full stay in the outbox.
    package func offer(_ events: [Registration]) {
        for (worker, items) in self.state.withLockedValue({ $0.offer(events) }) { worker.resume(returning: items) }
    }

    /// Sends events that the sweeper found, except those already held, and waits for their confirms.
    package func send(_ events: [Registration]) async {
        let events = self.state.withLockedValue { $0.take(events) }
        await withDiscardingTaskGroup { group in
            for start in stride(from: 0, to: events.count, by: self.limits.burstMax) {
                let burst = Array(events[start..<min(start + self.limits.burstMax, events.count)])
                group.addTask { await self.publish(burst) }
            }
        }
    }

    /// Relays until graceful shutdown, then sends the events in the ring if the broker accepts them, and deletes the confirmed rows.
    package func run() async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.deleteConfirmed() }
                await self.runWorkers()
                let deleter = self.confirmed.withLockedValue { $0.close() }
                for deleter in deleter { deleter.resume(returning: nil) }
            }
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    /// Accepts no more events. ``run()`` returns when those in the ring are sent.
    func close() {
        let idle = self.state.withLockedValue { $0.ring.close() }
        for worker in idle { worker.resume(returning: nil) }
    }

    private func runWorkers() async {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { workers in
                    for _ in 0..<self.limits.burstsInFlight { workers.addTask { await self.work() } }
                }
                return true
            }
            group.addTask {
                do {
                    try await gracefulShutdown()
                    try await Task.sleep(for: self.limits.shutdownMax)
                } catch {}
                return false
            }
            // Everything is sent, or the time is over and the remaining rows stay in the outbox.
            _ = await group.next()
            group.cancelAll()
        }
    }

    private func work() async {
        while let burst = await self.nextBurst() { await self.publish(burst) }
    }

    private func nextBurst() async -> [Registration]? {
        await withCheckedContinuation { worker in
            switch self.state.withLockedValue({ $0.ring.demand(worker) }) {
            case .take(let burst): worker.resume(returning: burst)
            case .end: worker.resume(returning: nil)
            case .wait: break
            }
        }
    }

    private func publish(_ burst: [Registration]) async {
        self.work.began()
        defer { self.work.finished() }
        let outcomes = await self.publisher.publish(burst)
        let confirmed = zip(burst, outcomes).filter(\.1).compactMap(\.0.seq)
        let unconfirmed = zip(burst, outcomes).filter { !$0.1 }.compactMap(\.0.seq)
        if !unconfirmed.isEmpty { self.state.withLockedValue { $0.letGo(unconfirmed) } }
        let submission = self.confirmed.withLockedValue { $0.submit(confirmed) }
        for (deleter, seqs) in submission.handOffs { deleter.resume(returning: seqs) }
        if submission.accepted < confirmed.count {
            self.state.withLockedValue { $0.letGo(confirmed.dropFirst(submission.accepted)) }
        }
    }

    // MARK: - Deleting

    private func deleteConfirmed() async {
        while var seqs = await self.nextConfirmed() {
            if seqs.count < self.limits.deleteRowsMax {
                // A cancelled sleep ends at once, and the rows so far are deleted.
                try? await Task.sleep(for: self.limits.deleteInterval)
                seqs += self.confirmed.withLockedValue { $0.takeBatch() }
            }
            self.work.began()
            defer { self.work.finished() }
            do throws(StorageFailure) {
                try await self.outbox.delete(seqs)
            } catch {
                // The rows stay, the sweeper sends their events again, and consumers recognise the ids.
                self.logger.warning("confirmed events could not be deleted from the outbox", metadata: ["events": "\(seqs.count)"])
            }
            self.state.withLockedValue { $0.letGo(seqs) }
        }
    }

    private func nextConfirmed() async -> [Int64]? {
        await withCheckedContinuation { deleter in
            switch self.confirmed.withLockedValue({ $0.demand(deleter) }) {
            case .take(let seqs): deleter.resume(returning: seqs)
            case .end: deleter.resume(returning: nil)
            case .wait: break
            }
        }
    }
}

/// The outbox rows that this process holds: in the ring, on their way to the broker, or confirmed and about to be deleted. It does no I/O.
///
/// The sweeper skips them, so that a row is not sent twice by the process that holds it.
struct RelayState<Worker: Sendable>: Sendable {
    /// Events are added by ``offer(_:)``, which also holds their rows.
    var ring: BatchQueue<Registration, Worker>
    private(set) var held: Set<Int64> = []

    init(ringRowsMax: Int, burstMax: Int) {
        self.ring = BatchQueue(queueMax: ringRowsMax, batchMax: burstMax)
    }

    /// Adds the events of a commit. Events that find the ring full stay in the outbox for the sweeper.
    /// - Returns: the workers to resume, each with its events.
    mutating func offer(_ events: [Registration]) -> [(worker: Worker, items: [Registration])] {
        let submission = self.ring.submit(events)
        self.held.formUnion(events.prefix(submission.accepted).compactMap(\.seq))
        return submission.handOffs
    }

    /// Adds events that the sweeper found and returns those that were not held.
    mutating func take(_ events: [Registration]) -> [Registration] {
        events.filter { event in event.seq.map { self.held.insert($0).inserted } ?? false }
    }

    /// Releases rows that were deleted or not confirmed.
    mutating func letGo(_ seqs: some Sequence<Int64>) {
        for seq in seqs { self.held.remove(seq) }
    }
}

/// Sends events to the broker and reports which are confirmed.
package protocol EventPublisher: Sendable {
    /// Whether events can be sent now: connected, topology declared, not blocked.
    var isReady: Bool { get }

    /// Sends events and returns once the outcome of each is known.
    /// - Returns: for each event, in order, whether the broker has confirmed it. An unconfirmed event may have arrived.
    func publish(_ events: [Registration]) async -> [Bool]
}
