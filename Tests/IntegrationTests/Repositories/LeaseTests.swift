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

    /// Defect: after a switch of servers the holder stayed on the old one, where its turns found nothing to do.
    @Test func `a session that became read-only gives the lease back, and the next one works`() async throws {
        try await TestServers.withDatabase { url in
            let source = Self.source(try .patient(url))
            let loop = LeaseLoop(source: source, isReady: { true }, logger: Logger(label: "tests"))
            let sessions = NIOLockedValueBox<[Int32]>([])
            let task = Task {
                await loop.run { turn in
                    let row = try #require(try await turn.access.query("select pg_backend_pid()").first)
                    let pid: Int32 = try row.decode(0)
                    let isFirst = sessions.withLockedValue { sessions in
                        sessions.append(pid)
                        return sessions.count == 1
                    }
                    if isFirst { try await turn.access.query("set default_transaction_read_only = on") }
                    return .milliseconds(10)
                }
            }
            #expect(await eventually { sessions.withLockedValue { $0.count >= 3 } })
            task.cancel()
            await task.value
            let seen = sessions.withLockedValue { $0 }
            #expect(seen[1] != seen[0] && seen[2] == seen[1], "sessions of the turns: \(seen)")
        }
    }

    @Test func `a read-only session gets no lease`() async throws {
        try await TestServers.withDatabase { url in
            let readOnly = url + (url.contains("?") ? "&" : "?") + "options=-c%20default_transaction_read_only%3Don"
            let error = await #expect(throws: PostgresError.self) { _ = try await Self.source(.patient(readOnly)).acquire() }
            #expect(error?.isReadOnlyServer == true)
            let lease = try await Self.source(.patient(url)).acquire()
            #expect(lease != nil)
        }
    }
}
