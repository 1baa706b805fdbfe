package import Logging
import ServiceLifecycle
package import ServiceRuntime
import Storage

/// Sends news of the days that changed to other systems (`consolidado.atualizado`).
///
/// One instance sends at a time, under a lease, and only while the broker accepts news. It sends all that is due, each day at most once,
/// then pauses: changes in between become one. What is due is in the database, so a backlog costs only disk, and consolidation never waits
/// for news.
package final class NoticeSender: Service, Sendable {
    package struct Limits: Sendable {
        /// News sent at once.
        package var batchNoticesMax = 500
        /// The shortest pause after sending all that is due: news of one day goes out at most once per pause.
        package var interval: Duration = .milliseconds(100)
        package var lease = LeaseLimits()
        /// Reading due notices may take at most 1/`lookShare` of the time: each read passes over all postponed ones.
        package var lookShare = 10
        /// The longest pause.
        package var intervalMax: Duration = .seconds(5)

        package init() {}
    }

    private let leases: any LeaseSource<any NoticeLease>
    private let publisher: any NoticePublisher
    private let limits: Limits
    private let logger: Logger

    package init(
        leases: any LeaseSource<any NoticeLease>, publisher: any NoticePublisher, limits: Limits = Limits(), logger: Logger
    ) {
        self.leases = leases
        self.publisher = publisher
        self.limits = limits
        self.logger = logger
    }

    /// Sends until graceful shutdown.
    package func run() async {
        await cancelWhenGracefulShutdown {
            var lease = self.limits.lease
            // The instance that had the lease before may have sent something just now.
            lease.firstPause = self.limits.interval
            let loop = LeaseLoop(source: self.leases, isReady: { self.publisher.isReady }, limits: lease, logger: self.logger)
            await loop.run { turn in try await self.send(turn) }
        }
    }

    /// Sends all that is due, each day once.
    /// - Returns: the pause after it.
    private func send(_ turn: LeaseLoop<any NoticeLease>.Turn) async throws(StorageFailure) -> Duration {
        let lease = turn.access
        var after: ChaveDeSaldo?
        var looking: Duration = .zero
        var goesOn = true
        while goesOn, turn.goesOn {
            let start = ContinuousClock.now
            let notices = try await lease.due(after: after, limit: self.limits.batchNoticesMax)
            looking += .now - start
            guard let last = notices.last else { break }
            let outcomes = await turn.wait { await self.publisher.publish(notices) }
            func those(_ outcome: NoticeOutcome) -> [Notice] { zip(notices, outcomes).filter { $0.1 == outcome }.map(\.0) }
            let (confirmed, refused) = (those(.confirmed), those(.refused))
            if !confirmed.isEmpty { try await lease.confirmed(confirmed) }
            if !refused.isEmpty {
                try await lease.postpone(refused)
                self.logger.warning("news of balances refused by a queue, will be sent again", metadata: ["news": "\(refused.count)"])
            }
            after = last.chave
            // Without a broker the rest waits too.
            goesOn = notices.count == self.limits.batchNoticesMax && confirmed.count + refused.count == notices.count
        }
        return min(max(self.limits.interval, looking * self.limits.lookShare), self.limits.intervalMax)
    }
}
