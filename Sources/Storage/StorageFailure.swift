package import Logging
package import Postgres

/// Why a call of the store failed, reduced to the cases that services handle differently.
package enum StorageFailure: Error, Sendable, Equatable {
    /// Nothing was sent, or the database refused and rolled back: the same call may succeed later.
    case unavailable
    /// Nothing was sent: too many callers wait for a connection already.
    case overloaded
    /// The call was sent and no answer arrived: it may have been committed.
    case outcomeUnknown
    case invalidData

    /// Maps an error of the database by what it leaves possible.
    package init(_ error: PostgresError) {
        if error.outcomeIsUnknown {
            self = .outcomeUnknown
        } else if error.isDataError {
            self = .invalidData
        } else if error.code == .poolExhausted {
            self = .overloaded
        } else {
            self = .unavailable
        }
    }
}

extension PostgresClient {
    /// Runs one statement and reads its rows, column by column.
    /// - Parameter logger: logs the database's error, which the thrown failure does not carry, at debug level.
    package func run<Value>(
        _ query: PostgresQuery,
        logger: Logger,
        _ read: (inout PostgresColumns) throws(PostgresError) -> Value
    ) async throws(StorageFailure) -> [Value] {
        do throws(PostgresError) {
            return try await self.query(query).read(read)
        } catch {
            logger.debug("query failed", metadata: ["error": "\(error)"])
            throw StorageFailure(error)
        }
    }
}
