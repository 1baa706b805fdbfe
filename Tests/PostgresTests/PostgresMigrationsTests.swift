import Testing

@testable import Postgres

@Suite struct PostgresMigrationsTests {
    private let migrations = PostgresMigrations([
        .init(version: 1, name: "one", sql: ""), .init(version: 2, name: "two", sql: ""),
    ])

    private func compare(_ recorded: (version: Int32, name: String, compatibleSince: Int32)...) -> PostgresMigrations.Status {
        self.migrations.compare(
            recorded.map { PostgresMigrations.Recorded(version: $0.version, name: $0.name, compatibleSince: $0.compatibleSince) })
    }

    @Test func `the recorded steps are compared by version and name`() {
        #expect(self.compare() == .older(0))
        #expect(self.compare((1, "one", 1)) == .older(1))
        #expect(self.compare((1, "one", 1), (2, "two", 2)) == .current)
        #expect(self.compare((1, "one", 1), (2, "two", 2), (3, "three", 3)) == .newer(3))
        #expect(self.compare((1, "one", 1), (2, "deux", 2)) == .different(2))
    }

    @Test func `a program goes on with a newer database if each step that it does not know says so`() {
        #expect(self.compare((1, "one", 1), (2, "two", 2), (3, "three", 2)) == .compatible(3))
        #expect(self.compare((1, "one", 1), (2, "two", 2), (3, "three", 1), (4, "four", 2)) == .compatible(4))
        #expect(self.compare((1, "one", 1), (2, "two", 2), (3, "three", 3), (4, "four", 2)) == .newer(4))
        #expect(self.compare((1, "one", 1), (2, "two", 2), (3, "three", 2), (4, "four", 3)) == .newer(4))
        // A step of this list that the database lacks is missing, even if the database lets older programs go on.
        #expect(self.compare((1, "one", 1)) == .older(1))
        #expect(self.compare((1, "one", 1), (2, "deux", 1), (3, "three", 1)) == .different(2))
    }

    @Test func `a step is compatible with no older program unless it says so`() {
        #expect(PostgresMigrations.Migration(version: 3, name: "three", sql: "").compatibleSince == 3)
        #expect(PostgresMigrations.Migration(version: 3, name: "three", sql: "", compatibleSince: 2).compatibleSince == 2)
    }
}
