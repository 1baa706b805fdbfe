package import Logging
import ServiceLifecycle

/// Tells other systems which days have changed (`consolidado.atualizado`).
///
/// One instance sends at a time, under a lease, and only while the broker takes news. It goes through all that is due, each day at most once,
/// then pauses: changes in between become one. What is due lies in the database, so a backlog costs nothing but disk, and consolidation waits
/// for none of this.
package final class NoticeSender: Service, Sendable {
    /// The sender's limits.
    package struct Limits: Sendable {
        /// News sent in one go.
        package var batchMax = 500
        /// The pause after going through all that is due, at least: a day is told of once in so long.
        package var interval: Duration = .milliseconds(100)
        /// The pause while another instance has the lease, or there is no broker or database.
        package var idleInterval: Duration = .seconds(1)
        /// Looking for what is due takes at most this part of the time, as 1 in so many: postponed news is passed over at each look.
        package var lookShare = 10
        /// The longest pause.
        package var intervalMax: Duration = .seconds(5)

        package init() {}
    }

    private let leases: any NoticeLeaseSource
    private let publisher: any NoticePublisher
    private let limits: Limits
    private let logger: Logger

    package init(leases: any NoticeLeaseSource, publisher: any NoticePublisher, limits: Limits = Limits(), logger: Logger) {
        self.leases = leases
        self.publisher = publisher
        self.limits = limits
        self.logger = logger
    }

    /// Sends until graceful shutdown.
    package func run() async {
        await cancelWhenGracefulShutdown {
            var lease: (any NoticeLease)?
            var pause: Duration
            repeat {
                pause = await self.turn(&lease)
            } while (try? await Task.sleep(for: pause)) != nil
            await lease?.release()
        }
    }

    /// - Returns: the pause until the next turn.
    private func turn(_ lease: inout (any NoticeLease)?) async -> Duration {
        do throws(FalhaDeArmazenamento) {
            guard self.publisher.isReady else {
                // Another instance may have a broker that this one has not.
                await lease?.release()
                lease = nil
                return self.limits.idleInterval
            }
            guard let held = lease else {
                lease = try await self.leases.acquire()
                // Who had it before may have sent something just now.
                return lease == nil ? self.limits.idleInterval : self.limits.interval
            }
            return try await self.round(held)
        } catch {
            self.logger.debug("what is due could not be looked at", metadata: ["failure": "\(error)"])
            await lease?.release()
            lease = nil
            return self.limits.idleInterval
        }
    }

    /// Goes through all that is due, each day once.
    /// - Returns: the pause after it.
    private func round(_ lease: any NoticeLease) async throws(FalhaDeArmazenamento) -> Duration {
        var after: ChaveDeSaldo?
        var looking: Duration = .zero
        var goesOn = true
        while goesOn, !Task.isCancelled, self.publisher.isReady {
            let start = ContinuousClock.now
            let notices = try await lease.due(after: after, limit: self.limits.batchMax)
            looking += .now - start
            guard let last = notices.last else { break }
            let outcomes = await self.publisher.publish(notices)
            func those(_ outcome: NoticeOutcome) -> [Notice] { zip(notices, outcomes).filter { $0.1 == outcome }.map(\.0) }
            let (confirmed, refused) = (those(.confirmed), those(.refused))
            if !confirmed.isEmpty { try await lease.confirmed(confirmed) }
            if !refused.isEmpty {
                try await lease.postpone(refused)
                self.logger.warning("news of balances refused by a queue, will be sent again", metadata: ["news": "\(refused.count)"])
            }
            after = last.chave
            // Where the broker is away the rest can wait too.
            goesOn = notices.count == self.limits.batchMax && confirmed.count + refused.count == notices.count
        }
        return min(max(self.limits.interval, looking * self.limits.lookShare), self.limits.intervalMax)
    }
}
