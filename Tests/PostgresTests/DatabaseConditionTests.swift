import Testing

@testable import Postgres

@Suite struct DatabaseConditionTests {
    private static func server(_ sqlState: String) -> PostgresError { PostgresError(.server, detail: "refused", sqlState: sqlState) }

    @Test func `an outage and its end are reported once each`() {
        var condition = DatabaseCondition()
        let failure = PostgresError(.connectFailed, detail: "refused")
        #expect(condition.connected() == nil)
        #expect(condition.connectFailed(failure) == .unreachable(failure))
        #expect(condition.connectFailed(failure) == nil)
        #expect(condition.connected() == .reachable)
        #expect(condition.connected() == nil)
    }

    @Test func `a refusal is reported once, however many statements meet it, and ends when one of them is accepted`() {
        var condition = DatabaseCondition()
        let readOnly = Self.server("25006")
        #expect(condition.accepted("insert a") == nil)
        #expect(condition.refused("insert a", readOnly) == .refuses(readOnly))
        #expect(condition.refused("insert a", readOnly) == nil)
        #expect(condition.refused("delete b", readOnly) == nil)
        // A read says nothing about writes.
        #expect(condition.accepted("select") == nil)
        #expect(condition.accepted("delete b") == .accepts(sqlState: "25006"))
        #expect(condition.accepted("insert a") == nil)
        #expect(condition.refused("insert a", readOnly) == .refuses(readOnly))
    }

    @Test func `each reason is reported`() {
        var condition = DatabaseCondition()
        #expect(condition.refused("insert a", Self.server("25006")) == .refuses(Self.server("25006")))
        #expect(condition.refused("insert a", Self.server("42501")) == .refuses(Self.server("42501")))
        #expect(condition.accepted("insert a") != nil)
        #expect(condition.accepted("insert a") != nil)
        #expect(condition.accepted("insert a") == nil)
    }

    @Test func `a refusal is about the server, not about data, locks or time`() {
        for state in ["25006", "42501", "42P01", "53100", "58030", "XX001"] { #expect(Self.server(state).isRefusal, "\(state)") }
        for state in ["22003", "23505", "40P01", "55P03", "57014", "57P01"] { #expect(!Self.server(state).isRefusal, "\(state)") }
        #expect(!PostgresError(.connectFailed, detail: "no route").isRefusal)
        #expect(PostgresError(.connectFailed, detail: "session is read-only", sqlState: "25006").isRefusal)
        #expect(Self.server("25006").endsConnection)
        #expect(!Self.server("42501").endsConnection)
    }
}
