package import Logging
import Metrics
import ServiceLifecycle

/// Finds events that no process has in hand: after a crash, after the broker was away for longer than the ring holds, after a refusal.
///
/// One instance sweeps at a time, under a lease, and only while the broker takes events.
package final class Sweeper: Service, Sendable {
    /// The sweeper's limits.
    package struct Limits: Sendable {
        /// Rows younger than this are left to the relay that has them in its ring.
        package var minimumAge: Duration = .seconds(5)
        /// Rows read in one go.
        package var claimRowsMax: Int64 = 1000
        /// The pause after a round that found nothing more.
        package var interval: Duration = .seconds(1)
        /// How often the backlog is counted for the metrics.
        package var backlogInterval: Duration = .seconds(5)
        /// Counting the backlog stops there.
        package var backlogCountedMax: Int64 = 100_000

        package init() {}
    }

    private let leases: any OutboxLeaseSource
    private let outbox: any OutboxRepository
    private let relay: Relay
    private let publisher: any EventPublisher
    private let limits: Limits
    private let logger: Logger
    private let pending = Gauge(label: "outbox_pending")
    private let oldestAge = Gauge(label: "outbox_oldest_age_seconds")

    package init(
        leases: any OutboxLeaseSource,
        outbox: any OutboxRepository,
        relay: Relay,
        publisher: any EventPublisher,
        limits: Limits = Limits(),
        logger: Logger
    ) {
        self.leases = leases
        self.outbox = outbox
        self.relay = relay
        self.publisher = publisher
        self.limits = limits
        self.logger = logger
    }

    /// Sweeps until graceful shutdown.
    package func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.sweepForever() }
                group.addTask { await self.measureForever() }
            }
        }
    }

    private func sweepForever() async {
        var lease: (any OutboxLease)?
        var cursor = SweepCursor(now: .now)
        repeat {
            guard self.publisher.isReady else {
                // Another instance may have a broker that this one has not.
                await lease?.release()
                lease = nil
                continue
            }
            do throws(FalhaDeArmazenamento) {
                if lease == nil { lease = try await self.leases.acquire() }
                if let lease { try await self.sweep(lease, &cursor) }
            } catch {
                self.logger.debug("the outbox could not be swept", metadata: ["failure": "\(error)"])
                await lease?.release()
                lease = nil
            }
        } while (try? await Task.sleep(for: self.limits.interval)) != nil
        await lease?.release()
    }

    private func sweep(_ lease: any OutboxLease, _ cursor: inout SweepCursor) async throws(FalhaDeArmazenamento) {
        while !Task.isCancelled, self.publisher.isReady {
            // Also in the middle of a long backlog: what was refused, or committed late below the cursor, must not wait for its end.
            cursor.begin(now: .now)
            let claim = try await lease.claim(
                above: cursor.low,
                minimumAge: self.limits.minimumAge,
                limit: self.limits.claimRowsMax
            )
            guard let last = claim.lastSeq else { return }
            await self.relay.send(claim.events)
            cursor.advance(to: last)
        }
    }

    private func measureForever() async {
        repeat {
            // While the database is away the gauges keep their last values; readiness tells of the outage.
            guard let backlog = try? await self.outbox.backlog(countedMax: self.limits.backlogCountedMax) else { continue }
            self.pending.record(backlog.pending)
            self.oldestAge.record(backlog.oldestAge / .seconds(1))
        } while (try? await Task.sleep(for: self.limits.backlogInterval)) != nil
    }
}
