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
            let configuration = try PostgresConfiguration.patient(url)
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
            let configuration = try PostgresConfiguration.patient(url)
            let broken = PostgresMigrations([.init(version: 1, name: "one", sql: "create table one (id integer); select nonsense;")])
            let error = await #expect(throws: PostgresError.self) { try await broken.apply(to: configuration) }
            #expect(error?.sqlState == "42703")
            #expect(try await self.migrations.apply(to: configuration) == 2)
        }
    }

    @Test func `a newer database is refused`() async throws {
        try await TestServers.withDatabase { url in
            let configuration = try PostgresConfiguration.patient(url)
            try await self.migrations.apply(to: configuration)
            let old = PostgresMigrations(Array(self.migrations.migrations.prefix(1)))
            let error = await #expect(throws: PostgresError.self) { try await old.apply(to: configuration) }
            #expect(error?.code == .migration)
        }
    }

    @Test func `a program goes on with a newer database that says so, also where the record is from before it could`() async throws {
        let first = PostgresMigrations(Array(self.migrations.migrations.prefix(1)))
        let expanded = PostgresMigrations(first.migrations + [.init(version: 2, name: "two", sql: "select 1", compatibleSince: 1)])
        let contracted = PostgresMigrations(expanded.migrations + [.init(version: 3, name: "three", sql: "select 1")])
        try await withSchema(first) { client, configuration in
            try await client.query("alter table schema_migrations drop column compatible_since")
            #expect(try await first.status(of: client) == .current)
            #expect(try await expanded.status(of: client) == .older(1))
            #expect(try await expanded.apply(to: configuration) == 1)
            #expect(try await first.status(of: client) == .compatible(2))
            #expect(try await first.apply(to: configuration) == 0)
            #expect(try await contracted.apply(to: configuration) == 1)
            #expect(try await first.status(of: client) == .newer(3))
            #expect(try await expanded.status(of: client) == .newer(3))
            #expect(try await contracted.status(of: client) == .current)
        }
    }
}
