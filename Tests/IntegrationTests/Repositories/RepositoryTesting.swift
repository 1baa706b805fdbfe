import Logging
import Postgres
import TestSupport

/// Runs a closure with a pool on a fresh database that has a service's schema.
func withSchema<Value: Sendable>(
    _ migrations: PostgresMigrations,
    connections: Int = 8,
    _ body: @Sendable @escaping (PostgresClient, PostgresConfiguration) async throws -> Value
) async throws -> Value {
    try await TestServers.withDatabase { url in
        var connecting = try PostgresConfiguration(url: url, applicationName: "tests")
        // Many suites open their pools at the same moment.
        connecting.connectTimeout = .seconds(20)
        connecting.lockTimeout = .seconds(20)
        connecting.statementTimeout = .seconds(25)
        let configuration = connecting
        try await migrations.apply(to: configuration)
        var limits = PostgresClient.Limits()
        limits.connectionsMax = connections
        limits.waitMax = .seconds(30)
        let client = PostgresClient(configuration: configuration, limits: limits, logger: Logger(label: "tests"))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            return try await body(client, configuration)
        }
    }
}
