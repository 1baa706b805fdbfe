package import Logging
import Metrics
import ServiceLifecycle
package import ServiceRuntime
import Storage

/// Finds events that no process holds: after a crash, after the broker was away for longer than the ring lasts, after a refusal.
///
/// One instance sweeps at a time, under a lease, and only while the broker accepts events.
package final class Sweeper: Service, Sendable {
    package struct Limits: Sendable {
        /// Younger rows are left to the relay that has them in its ring.
        package var minimumAge: Duration = .seconds(5)
        package var claimRowsMax: Int64 = 1000
        /// The pause after a turn, which ends when no row is left to read.
        package var interval: Duration = .seconds(1)
        package var lease = LeaseLimits()
        /// How often the backlog is counted for the metrics.
        package var backlogInterval: Duration = .seconds(5)
        /// Counting the backlog stops at this number; more is estimated.
        package var backlogCountedMax: Int64 = 100_000

        package init() {}
    }

    private let leases: any LeaseSource<any OutboxLease>
    private let outbox: any OutboxRepository
    private let relay: Relay
    private let publisher: any EventPublisher
    private let limits: Limits
    private let logger: Logger
    private let pending = Gauge(label: "outbox_pending")
    private let oldestAge = Gauge(label: "outbox_oldest_age_seconds")

    package init(
        leases: any LeaseSource<any OutboxLease>,
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
        let loop = LeaseLoop(source: self.leases, isReady: { self.publisher.isReady }, limits: self.limits.lease, logger: self.logger)
        var cursor = SweepCursor(now: .now)
        await loop.run { turn in
            try await self.sweep(turn, &cursor)
            return self.limits.interval
        }
    }

    private func sweep(_ turn: LeaseLoop<any OutboxLease>.Turn, _ cursor: inout SweepCursor) async throws(StorageFailure) {
        while turn.goesOn {
            // Also in the middle of a long backlog: refused rows, and rows that were committed late below the cursor, must not wait for its
            // end.
            cursor.begin(now: .now)
            let claim = try await turn.access.claim(
                above: cursor.low,
                minimumAge: self.limits.minimumAge,
                limit: self.limits.claimRowsMax
            )
            guard let last = claim.lastSeq else { return }
            await turn.wait { await self.relay.send(claim.events) }
            cursor.advance(to: last)
        }
    }

    private func measureForever() async {
        repeat {
            // While the database is away the gauges keep their last values; readiness reports the outage.
            guard let backlog = try? await self.outbox.backlog(countedMax: self.limits.backlogCountedMax) else { continue }
            self.pending.record(backlog.pending)
            self.oldestAge.record(backlog.oldestAge / .seconds(1))
        } while (try? await Task.sleep(for: self.limits.backlogInterval)) != nil
    }
}

/// The place in the outbox where the sweeper reads on.
///
/// Reading from the lowest row each time slows down a hundredfold while an old snapshot keeps deleted rows visible to the index, so the
/// sweeper reads above the last row it saw. Rows commit out of the order of `seq`, and rows that the broker refused stay. Both are found
/// when the cursor goes back to the start, which also spaces out retries.
struct SweepCursor: Sendable {
    /// Rows up to this one were read since the last start.
    private(set) var low: Int64 = 0
    private var startedAt: ContinuousClock.Instant
    private let restartInterval: Duration

    init(now: ContinuousClock.Instant, restartInterval: Duration = .seconds(10)) {
        self.startedAt = now
        self.restartInterval = restartInterval
    }

    /// A read begins: goes back to the start if the interval is over.
    mutating func begin(now: ContinuousClock.Instant) {
        guard now - self.startedAt >= self.restartInterval else { return }
        self.low = 0
        self.startedAt = now
    }

    /// Rows up to `seq` were read.
    mutating func advance(to seq: Int64) {
        self.low = max(self.low, seq)
    }
}
