import Testing

@testable import Postgres
@testable import Storage

@Suite struct StorageFailureTests {
    @Test func `an error of the database maps to what it leaves possible`() {
        func server(_ state: String, unknown: Bool = false) -> PostgresError {
            PostgresError(.server, detail: "refused", sqlState: state, outcomeIsUnknown: unknown)
        }
        #expect(StorageFailure(server("22003")) == .invalidData)
        #expect(StorageFailure(server("23505")) == .invalidData)
        #expect(StorageFailure(server("40P01")) == .unavailable)
        #expect(StorageFailure(server("55P03")) == .lockHeld)
        #expect(StorageFailure(server("25006")) == .refused)
        #expect(StorageFailure(server("42501")) == .refused)
        #expect(StorageFailure(server("53100", unknown: true)) == .outcomeUnknown)
        #expect(StorageFailure(PostgresError(.connectFailed, detail: "session is read-only", sqlState: "25006")) == .refused)
        #expect(StorageFailure(server("57P01", unknown: true)) == .outcomeUnknown)
        #expect(StorageFailure(PostgresError(.timedOut, detail: "late", outcomeIsUnknown: true)) == .outcomeUnknown)
        #expect(StorageFailure(PostgresError(.connectFailed, detail: "refused")) == .unavailable)
        #expect(StorageFailure(PostgresError(.poolExhausted, detail: "many")) == .overloaded)
        #expect(StorageFailure(PostgresError(unreadable: "no day")) == .unavailable)
    }
}
