import Fixtures
import HostNames
import Logging
import NIOConcurrencyHelpers
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(2)))
struct PostgresClientTests {
    private func withClient<Value: Sendable>(
        limits: PostgresClient.Limits = .patient(),
        url: String? = TestServers.postgresURL,
        onExhausted: @Sendable @escaping () -> Void = {},
        _ body: @Sendable @escaping (PostgresClient) async throws -> Value
    ) async throws -> Value {
        let configuration = try PostgresConfiguration.patient(try #require(url))
        let client = PostgresClient(configuration: configuration, limits: limits, logger: Logger(label: "tests"), onExhausted: onExhausted)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            return try await body(client)
        }
    }

    @Test func `many callers share few connections`() async throws {
        try await self.withClient(limits: .patient(connections: 3)) { client in
            let pids = try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<200 {
                    group.addTask { try await client.query("select pg_backend_pid(), pg_sleep(0.001)").first!.decode(0) }
                }
                return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
            }
            #expect((1...3).contains(pids.count))
            #expect(client.inUse == 0)
        }
    }

    @Test func `a killed session is replaced`() async throws {
        try await self.withClient(limits: .patient(connections: 2)) { client in
            let pid: Int32 = try await client.query("select pg_backend_pid()").first!.decode(0)
            try await client.withConnection { connection throws(PostgresError) in
                _ = try await client.query("select pg_terminate_backend(\(pid))")
                // Ours may be the one that was ended; the next caller must get a living one all the same.
                _ = try? await connection.query("select 1")
            }
            for _ in 0..<5 { try await client.query("select 1") }
        }
    }

    @Test func `once a server that became read-only is left, the pools that only read leave it too`() async throws {
        try await TestServers.withDatabase { url in
            var writing = try PostgresConfiguration.patient(url)
            var reading = writing
            (writing.role, reading.role) = (.readWrite, .primary)
            let reads = PostgresClient(configuration: reading, limits: .patient(), logger: Logger(label: "tests"))
            let changes = NIOLockedValueBox(0)
            let writes = PostgresClient(
                configuration: writing, limits: .patient(), logger: Logger(label: "tests"),
                onServerChange: {
                    changes.withLockedValue { $0 += 1 }
                    reads.renewConnections()
                })
            let session: @Sendable () async throws -> Int32 = { try await reads.query("select pg_backend_pid()").first!.decode(0) }
            let insert: @Sendable () async -> PostgresError? = {
                do throws(PostgresError) { try await writes.query("insert into t values (1)") } catch { return error }
                return nil
            }
            let database = try #require(url.split(separator: "/").last?.split(separator: "?").first)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in [writes, reads] { group.addTask { await client.run() } }
                defer { group.cancelAll() }
                try await writes.query("create table t (n int)")
                let before = try await session()
                #expect(changes.withLockedValue { $0 } == 0, "the first server is no other")
                try await TestServers.administer(url, "alter database \"\(database)\" set default_transaction_read_only = on")
                // A session keeps the setting of its beginning.
                try await writes.withConnection { connection throws(PostgresError) in
                    try await connection.runScript("set default_transaction_read_only = on")
                }
                for _ in 0..<2 { #expect(await insert() != nil) }
                #expect(try await session() == before, "a read-only server is read from until there is another")
                try await TestServers.administer(
                    try #require(TestServers.postgresURL), "alter database \"\(database)\" reset default_transaction_read_only")
                let lent = try await reads.withConnection { connection throws(PostgresError) in
                    _ = await eventually { await insert() == nil }
                    let pid: Int32 = try await connection.query("select pg_backend_pid()").first!.decode(0)
                    return pid
                }
                #expect(lent == before)
                #expect(try await session() != before, "a lent connection is closed when it is returned")
                try await writes.withConnection { _ throws(PostgresError) in
                    // On another connection.
                    _ = try await writes.query("select 1")
                }
                #expect(changes.withLockedValue { $0 } == 1, "a further connection is to the same server")
            }
        }
    }

    /// A name server that calls a function before each answer.
    private struct WatchedNames: HostLookup {
        let onLookup: @Sendable () -> Void

        func addresses(of host: String) async throws(HostNameError) -> [String] {
            self.onLookup()
            return ["127.0.0.1"]
        }
    }

    /// Defect: it was lent once, and a read could be answered by the server before.
    @Test func `a connection that is being opened while the pool is renewed is not lent`() async throws {
        let url = try #require(TestServers.postgresURL).replacing("127.0.0.1", with: "banco.teste")
        var configuration = try PostgresConfiguration.patient(url)
        let (pool, lookups) = (NIOLockedValueBox<PostgresClient?>(nil), NIOLockedValueBox(0))
        configuration.resolver = HostResolver(
            lookup: WatchedNames {
                let isFirst = lookups.withLockedValue { count in
                    count += 1
                    return count == 1
                }
                if isFirst { pool.withLockedValue { $0 }?.renewConnections() }
            })
        let client = PostgresClient(configuration: configuration, limits: .patient(), logger: Logger(label: "tests"))
        pool.withLockedValue { $0 = client }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            try await client.query("select 1")
        }
        #expect(lookups.withLockedValue { $0 } == 2)
    }

    @Test func `a COPY costs its connection, and the pool goes on`() async throws {
        try await self.withClient(limits: .patient(connections: 1)) { client in
            let error = await #expect(throws: PostgresError.self) { try await client.query("copy (select 1) to stdout") }
            #expect(error?.code == .unexpectedResult)
            try await client.query("select 1")
            #expect(client.inUse == 0)
        }
    }

    @Test func `waiting is bounded in time`() async throws {
        var limits = PostgresClient.Limits()
        limits.connectionsMax = 1
        limits.waitMax = .milliseconds(100)
        let exhausted = NIOLockedValueBox(0)
        try await self.withClient(limits: limits, onExhausted: { exhausted.withLockedValue { $0 += 1 } }) { client in
            // The first connection may take longer than the bound on a busy machine.
            while (try? await client.query("select 1")) == nil {}
            exhausted.withLockedValue { $0 = 0 }
            try await client.withConnection { _ throws(PostgresError) in
                let error = await #expect(throws: PostgresError.self) { try await client.query("select 1") }
                #expect(error?.code == .poolExhausted)
            }
            #expect(exhausted.withLockedValue { $0 } == 1)
            try await client.query("select 1")
        }
    }

    @Test func `an unreachable server is reported at once`() async throws {
        try await self.withClient(url: "postgresql://nobody@127.0.0.1:1/x") { client in
            for _ in 0..<3 {
                let error = await #expect(throws: PostgresError.self) { try await client.query("select 1") }
                #expect(error?.code == .connectFailed)
            }
        }
    }
}
