import Testing

@testable import Postgres

@Suite struct PostgresMigrationsTests {
    private let migrations = PostgresMigrations([
        .init(version: 1, name: "one", sql: ""), .init(version: 2, name: "two", sql: ""),
    ])

    @Test func `the recorded steps are compared by version and name`() {
        #expect(self.migrations.compare([]) == .older(0))
        #expect(self.migrations.compare([(1, "one")]) == .older(1))
        #expect(self.migrations.compare([(1, "one"), (2, "two")]) == .current)
        #expect(self.migrations.compare([(1, "one"), (2, "two"), (3, "three")]) == .newer(3))
        #expect(self.migrations.compare([(1, "one"), (2, "deux")]) == .different(2))
    }
}
