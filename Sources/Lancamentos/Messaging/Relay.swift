import Batching
import FluxoDeCaixa
package import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle

/// Carries events from the outbox to the broker: right after their commit, without reading the outbox, through a ring in memory.
///
/// A row is deleted only after the broker has confirmed its event. What the ring cannot take, and what the broker did not confirm, stays in
/// the outbox, where the ``Sweeper`` finds it.
package final class Relay: Service, Sendable {
    /// The relay's limits.
    package struct Limits: Sendable {
        /// Events that may wait in memory.
        package var ringRowsMax: Int
        /// Events sent in one go.
        package var burstMax = 64
        /// Bursts on their way at the same time.
        package var burstsInFlight = 16
        /// Rows deleted in one statement.
        package var deleteRowsMax = 1000
        /// Confirmed rows that may wait to be deleted; what comes on top stays in the outbox, and its events are sent once more.
        package var confirmedRowsMax = 20_000
        /// How long confirmed rows gather before they are deleted.
        package var deleteInterval: Duration = .milliseconds(20)
        /// How long shutting down waits for confirms.
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
    private let logger: Logger
    private let state: NIOLockedValueBox<RelayState<Worker>>
    private let confirmed: NIOLockedValueBox<BatchQueue<Int64, Deleter>>

    package init(publisher: any EventPublisher, outbox: any OutboxRepository, limits: Limits, logger: Logger) {
        self.publisher = publisher
        self.outbox = outbox
        self.limits = limits
        self.logger = logger
        self.state = NIOLockedValueBox(RelayState(ringRowsMax: limits.ringRowsMax, burstMax: limits.burstMax))
        self.confirmed = NIOLockedValueBox(BatchQueue(queueMax: limits.confirmedRowsMax, batchMax: limits.deleteRowsMax))
    }

    /// Takes the events of a commit. Never waits; what the ring cannot take stays in the outbox.
    package func offer(_ events: [Registration]) {
        for (worker, items) in self.state.withLockedValue({ $0.offer(events) }) { worker.resume(returning: items) }
    }

    /// Sends events that the sweeper found, except those in hand already, and waits for their confirms.
    package func send(_ events: [Registration]) async {
        let events = self.state.withLockedValue { $0.take(events) }
        await withDiscardingTaskGroup { group in
            for start in stride(from: 0, to: events.count, by: self.limits.burstMax) {
                let burst = Array(events[start..<min(start + self.limits.burstMax, events.count)])
                group.addTask { await self.publish(burst) }
            }
        }
    }

    /// Relays until graceful shutdown; then sends what is in the ring if the broker takes it, and deletes what is confirmed.
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

    /// Takes nothing more; ``run()`` returns when what is in the ring is sent.
    func close() {
        let idle = self.state.withLockedValue { $0.close() }
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
            // Either everything is sent, or time is up: the rows that are left stay in the outbox.
            _ = await group.next()
            group.cancelAll()
        }
    }

    private func work() async {
        while let burst = await self.nextBurst() { await self.publish(burst) }
    }

    private func nextBurst() async -> [Registration]? {
        await withCheckedContinuation { worker in
            switch self.state.withLockedValue({ $0.demand(worker) }) {
            case .take(let burst): worker.resume(returning: burst)
            case .end: worker.resume(returning: nil)
            case .wait: break
            }
        }
    }

    private func publish(_ burst: [Registration]) async {
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
                // Cancelled, this ends at once, and what is there is deleted without gathering more.
                try? await Task.sleep(for: self.limits.deleteInterval)
                seqs += self.confirmed.withLockedValue { $0.takeBatch() }
            }
            do throws(FalhaDeArmazenamento) {
                try await self.outbox.delete(seqs)
            } catch {
                // The rows stay, the sweeper sends their events once more, and consumers know the ids.
                self.logger.warning("confirmed events could not be taken out of the outbox", metadata: ["events": "\(seqs.count)"])
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
