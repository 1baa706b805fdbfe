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
                let items = try await client.query("select name, price from items where price >= \(minimum)").read {
                    columns throws(PostgresError) in
                    (name: try columns.next(String.self), price: try columns.next(Int64.self))
                }
                for item in items { found.append("\(item.name) \(item.price)") }
                group.cancelAll()
            }
            #expect(found == ["b 150"])
        }
    }
}
