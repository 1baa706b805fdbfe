import Logging
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(2)))
struct PostgresMigrationsIntegrationTests {
    private let migrations = PostgresMigrations([
        .init(version: 1, name: "one", sql: "create table one (id integer); insert into one values (1);"),
        .init(version: 2, name: "two", sql: "create table two (id integer); select pg_sleep(0.05);"),
    ])

    @Test func `instances that start at once apply each step once`() async throws {
        try await TestServers.withDatabase { url in
            let configuration = try PostgresConfiguration(url: url, applicationName: "tests")
            let migrations = self.migrations
            let applied = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await migrations.apply(to: configuration) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(applied.sorted() == [0, 0, 0, 2])
            let connection = try await PostgresConnection.connect(configuration)
            #expect(try await connection.query("select id from one").count == 1)
        }
    }

    @Test func `a step that fails leaves nothing behind`() async throws {
        try await TestServers.withDatabase { url in
            let configuration = try PostgresConfiguration(url: url, applicationName: "tests")
            let broken = PostgresMigrations([.init(version: 1, name: "one", sql: "create table one (id integer); select nonsense;")])
            let error = await #expect(throws: PostgresError.self) { try await broken.apply(to: configuration) }
            #expect(error?.sqlState == "42703")
            #expect(try await self.migrations.apply(to: configuration) == 2)
        }
    }

    @Test func `a newer database is refused`() async throws {
        try await TestServers.withDatabase { url in
            let configuration = try PostgresConfiguration(url: url, applicationName: "tests")
            try await self.migrations.apply(to: configuration)
            let old = PostgresMigrations(Array(self.migrations.migrations.prefix(1)))
            let error = await #expect(throws: PostgresError.self) { try await old.apply(to: configuration) }
            #expect(error?.code == .migration)
        }
    }
}
