import Logging
import Postgres
import TestSupport
import Testing

/// The example of the documentation, run.
@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(2)))
struct PostgresExampleTests {
    @Test func `the example works`() async throws {
        try await TestServers.withDatabase { url in
            let configuration = try PostgresConfiguration(url: url, applicationName: "shop")
            let client = PostgresClient(configuration: configuration, logger: Logger(label: "shop"))
            var found: [String] = []
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await client.run() }
                try await client.query("create table items (name text, price bigint)")
                try await client.query("insert into items values ('a', 50), ('b', 150)")
                let minimum: Int64 = 100
                for row in try await client.query("select name, price from items where price >= \(minimum)") {
                    found.append("\(try row.decode(0, as: String.self)) \(try row.decode(1, as: Int64.self))")
                }
                group.cancelAll()
            }
            #expect(found == ["b 150"])
        }
    }
}
