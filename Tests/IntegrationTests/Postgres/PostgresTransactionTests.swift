import Logging
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(2)))
struct PostgresTransactionTests {
    /// Runs the closure with a pool of one connection on a fresh database with the table `rows (id)`, whose ids are checked at the commit.
    private func withTable(_ body: @Sendable @escaping (PostgresClient) async throws -> Void) async throws {
        let table = PostgresMigrations([
            .init(version: 1, name: "rows", sql: "create table rows (id bigint constraint once unique deferrable initially deferred)")
        ])
        try await withSchema(table, connections: 1) { client, _ in try await body(client) }
    }

    private static func expectIDs(
        _ client: PostgresClient, _ expected: [Int64], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let rows = try await client.query("select id from rows order by id")
        let ids = try rows.read { columns throws(PostgresError) in try columns.next(Int64.self) }
        #expect(ids == expected, sourceLocation: sourceLocation)
    }

    private static func pid(_ client: PostgresClient) async throws -> Int32 {
        try await client.query("select pg_backend_pid()").first!.decode(0)
    }

    private static func insert(_ connection: PostgresConnection, _ id: Int64) async throws(PostgresError) {
        try await connection.query("insert into rows values (\(id))")
    }

    /// Runs a transaction that must fail.
    private static func failure(
        _ client: PostgresClient, _ body: (PostgresConnection) async throws(PostgresError) -> Void
    ) async -> PostgresError? {
        do throws(PostgresError) {
            try await client.withTransaction(body)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a transaction is committed when the closure returns`() async throws {
        try await self.withTable { client in
            let value = try await client.withTransaction { connection throws(PostgresError) in
                try await Self.insert(connection, 1)
                try await Self.insert(connection, 2)
                return "done"
            }
            #expect(value == "done")
            try await Self.expectIDs(client, [1, 2])
        }
    }

    @Test func `a transaction is rolled back when the closure throws, and the connection is lent again`() async throws {
        try await self.withTable { client in
            let pid = try await Self.pid(client)
            let error = await Self.failure(client) { connection throws(PostgresError) in
                try await Self.insert(connection, 1)
                try await connection.query("select 1 / \(Int64(0))")
            }
            #expect(error?.sqlState == "22012")
            try await Self.expectIDs(client, [])
            let reused = try await Self.pid(client)
            #expect(reused == pid)
        }
    }

    @Test func `a failed statement whose error is swallowed does not count as a commit`() async throws {
        try await self.withTable { client in
            let error = await Self.failure(client) { connection throws(PostgresError) in
                try await Self.insert(connection, 1)
                _ = try? await connection.query("select 1 / \(Int64(0))")
            }
            #expect(error?.code == .transaction)
            try await Self.expectIDs(client, [])
        }
    }

    @Test func `an error of the commit itself is thrown`() async throws {
        try await self.withTable { client in
            let pid = try await Self.pid(client)
            let error = await Self.failure(client) { connection throws(PostgresError) in
                try await Self.insert(connection, 1)
                try await Self.insert(connection, 1)
            }
            #expect(error?.sqlState == "23505")
            #expect(error?.constraint == "once")
            try await Self.expectIDs(client, [])
            let reused = try await Self.pid(client)
            #expect(reused == pid)
        }
    }

    @Test func `a session that ends before the commit leaves no doubt`() async throws {
        try await self.withTable { client in
            let error = await Self.failure(client) { connection throws(PostgresError) in
                try await Self.insert(connection, 1)
                try await connection.query("select pg_terminate_backend(pg_backend_pid())")
            }
            #expect(error?.sqlState == "57P01")
            #expect(error?.outcomeIsUnknown == false)
            try await Self.expectIDs(client, [])
        }
    }

    @Test func `transactions do not nest, and cannot be ended inside`() async throws {
        try await self.withTable { client in
            try await client.withTransaction { connection throws(PostgresError) in
                try await Self.insert(connection, 1)
                do throws(PostgresError) {
                    try await connection.withTransaction { _ throws(PostgresError) in }
                    Issue.record("a second transaction began")
                } catch {
                    #expect(error.code == .transaction)
                }
            }
            let error = await Self.failure(client) { connection throws(PostgresError) in try await connection.query("rollback") }
            #expect(error?.code == .transaction)
            try await Self.expectIDs(client, [1])
        }
    }

    @Test func `a connection that is returned inside a transaction is closed`() async throws {
        try await self.withTable { client in
            let first = try await Self.pid(client)
            try await client.withConnection { connection throws(PostgresError) in
                try await connection.query("begin")
                try await Self.insert(connection, 1)
            }
            let second = try await Self.pid(client)
            #expect(second != first)
            let error = await #expect(throws: PostgresError.self) {
                try await client.withConnection { connection throws(PostgresError) in
                    try await connection.query("begin")
                    try await connection.query("select 1 / \(Int64(0))")
                }
            }
            #expect(error?.sqlState == "22012")
            let third = try await Self.pid(client)
            #expect(third != second)
            try await client.query("begin")
            let fourth = try await Self.pid(client)
            #expect(fourth != third)
            try await Self.expectIDs(client, [])
        }
    }
}
