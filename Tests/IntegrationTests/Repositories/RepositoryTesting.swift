import Fixtures
import Logging
import Postgres
import TestSupport
import Testing

/// Runs a closure with a pool on a fresh database that has a service's schema.
func withSchema<Value: Sendable>(
    _ migrations: PostgresMigrations,
    connections: Int = 8,
    _ body: @Sendable @escaping (PostgresClient, PostgresConfiguration) async throws -> Value
) async throws -> Value {
    try await TestServers.withDatabase { url in
        let configuration = try PostgresConfiguration.patient(url)
        try await migrations.apply(to: configuration)
        let limits = PostgresClient.Limits.patient(connections: connections)
        let client = PostgresClient(configuration: configuration, limits: limits, logger: Logger(label: "tests"))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            return try await body(client, configuration)
        }
    }
}

/// Waits until the server's statistics report at least so many rows of a table looked up by key. A session that ends has reported everything.
func rowsRead(
    of table: String, atLeast rows: Int64, _ client: PostgresClient
) async throws -> (lookedUp: Int64, readThrough: Int64) {
    var read: (lookedUp: Int64, readThrough: Int64) = (0, 0)
    _ = try await eventually {
        let statistics = try await client.query("select idx_tup_fetch, seq_tup_read from pg_stat_user_tables where relname = \(table)")
        let row = try #require(statistics.first)
        read = (try row.decode(0), try row.decode(1))
        return read.lookedUp >= rows
    }
    return read
}
