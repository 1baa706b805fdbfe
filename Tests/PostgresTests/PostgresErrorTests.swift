import Testing

@testable import Postgres

@Suite struct PostgresErrorTests {
    private static func server(_ sqlState: String) -> PostgresError { PostgresError(.server, detail: "refused", sqlState: sqlState) }

    @Test(arguments: ["26000", "42P05", "08P01"])
    func `a prepared statement of another session is recognised by each of its answers`(sqlState: String) {
        #expect(Self.server(sqlState).isOfForeignStatement)
    }

    @Test func `other columns than ours are those of another session's statement`() {
        #expect(PostgresError(unreadable: "no text").isOfForeignStatement)
    }

    @Test(arguments: ["42P01", "08006", "57P01", "25006"])
    func `other refusals say nothing about sessions`(sqlState: String) {
        #expect(!Self.server(sqlState).isOfForeignStatement)
        #expect(!PostgresError(.connectFailed, detail: "no route").isOfForeignStatement)
    }
}
