import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import OpenFiles
import Postgres
import TestSupport
import Testing

/// What reads cost that wait for entries (`apos`), however many they are.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .timeLimit(.minutes(3))
)
struct WaitersTests {
    private static let waiters = 1000
    private static let measuredSeconds = 10
    /// How long the statements of an idle service are counted: it looks for notices ten times a second.
    private static let quietSeconds = 5
    private static let statementsPerSecondMax = 50

    /// Transactions of the database since it was made, failed ones included; each statement of a service is one. A session reports
    /// its own at most once a second (PostgreSQL manual, "Viewing Statistics"), so a count can be off by a second's worth.
    private static func transactions(_ database: String) async throws -> Int64 {
        let connection = try await PostgresConnection.connect(.patient(database))
        let row = try await connection.query(
            "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
        ).first
        let count = try #require(row).decode(0, as: Int64.self)
        await connection.close()
        return count
    }

    /// Transactions of the database a second, over this time.
    private static func rate(of database: String, seconds: Int) async throws -> Double {
        let start = ContinuousClock.now
        let before = try await Self.transactions(database)
        try await Task.sleep(for: .seconds(seconds))
        let count = try await Self.transactions(database) - before
        return Double(count) / ((ContinuousClock.now - start) / .seconds(1))
    }

    @Test func `a thousand reads that wait share at most 50 statements a second`() async throws {
        // A descriptor for each waiting read.
        try #require(OpenFiles.raiseLimit() >= 4000, "too few descriptors for this test")
        try await Stack.with(consolidados: 1) { stack in
            var configuration = HTTPClient.Configuration()
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.waiters
            let database = try #require(stack.databases["consolidado"])
            let quiet = try await Self.rate(of: database, seconds: Self.quietSeconds)
            let url = "\(stack.consolidados[0].url)/v1/consolidados/2026-01-10?conta=loja42.caixa&apos="
            try await HTTPClient.withHTTPClient(configuration: configuration) { client in
                try await withThrowingTaskGroup(of: UInt.self) { group in
                    for _ in 0..<Self.waiters {
                        group.addTask {
                            var request = HTTPClientRequest(url: url + UUID().uuidString)
                            request.headers.add(name: "Authorization", value: "Bearer \(stack.token)")
                            request.headers.add(name: "Prefer", value: "wait=30")
                            return try await client.execute(request, timeout: .seconds(60)).status.code
                        }
                    }
                    // All are waiting, as far as their client knows, and the first look after a quiet time is over.
                    try await Task.sleep(for: .seconds(8))
                    let rate = try await Self.rate(of: database, seconds: Self.measuredSeconds) - quiet
                    print("\(Self.waiters) waiting reads: \(rate.formatted()) statements a second beside \(quiet.formatted()) of others")
                    #expect(rate <= Double(Self.statementsPerSecondMax), "statements a second beside \(quiet) of others")
                    // They were looked for, too: one look takes at most a few times its interval of 25 ms, also on a busy machine.
                    #expect(rate >= 2, "statements a second beside \(quiet) of others")
                    for try await status in group { #expect(status == 409) }
                }
            }
        }
    }
}
