import Fixtures
import Logging
import NIOConcurrencyHelpers
import Postgres
import ServiceRuntime
import TestSupport
import Testing

/// The loop of the holder on sessions of a real server, which ends those that are silent.
@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(2)))
struct LeaseTests {
    private static let silenceMax: Duration = .seconds(4)
    private static let waitMax: Duration = .seconds(6)

    private static func source(_ configuration: PostgresConfiguration) -> AdvisoryLockSource<PostgresConnection> {
        AdvisoryLockSource(configuration: configuration, key: 1, silenceMax: self.silenceMax) { $0 }
    }

    /// A turn waits for longer than a session may be silent.
    /// - Returns: whether another instance got the lease meanwhile, and whether the holder's session outlived the wait.
    private static func contend(keepAliveInterval: Duration) async throws -> (lost: Bool, survived: Bool) {
        try await TestServers.withDatabase { url in
            let configuration = try PostgresConfiguration.patient(url)
            var limits = LeaseLimits()
            limits.keepAliveInterval = keepAliveInterval
            let loop = LeaseLoop(source: self.source(configuration), isReady: { true }, limits: limits, logger: Logger(label: "tests"))
            let lost = NIOLockedValueBox(false)
            let survived = NIOLockedValueBox<Bool?>(nil)
            let task = Task {
                await loop.run { turn in
                    await turn.wait {
                        let other = self.source(configuration)
                        let end = ContinuousClock.now + self.waitMax
                        while ContinuousClock.now < end, !lost.withLockedValue({ $0 }) {
                            if let lease = try? await other.acquire() {
                                lost.withLockedValue { $0 = true }
                                await lease.release()
                            }
                            try? await Task.sleep(for: .milliseconds(100))
                        }
                    }
                    let isAlive = (try? await turn.access.query("select 1")) != nil
                    survived.withLockedValue { $0 = isAlive }
                    return .seconds(60)
                }
            }
            let ended = await eventually { survived.withLockedValue { $0 != nil } }
            #expect(ended)
            task.cancel()
            await task.value
            return (lost.withLockedValue { $0 }, survived.withLockedValue { $0 } ?? false)
        }
    }

    @Test func `a wait longer than the session may be silent does not lose the lease`() async throws {
        let (lost, survived) = try await Self.contend(keepAliveInterval: Self.silenceMax / 16)
        #expect(!lost)
        #expect(survived)
    }

    @Test func `a session that stays silent loses the lease`() async throws {
        let (lost, survived) = try await Self.contend(keepAliveInterval: .seconds(60))
        #expect(lost)
        #expect(!survived)
    }
}
