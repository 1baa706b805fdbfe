package import Logging
package import Postgres

/// Why a call of the store failed, reduced to the cases that services handle differently.
package enum StorageFailure: Error, Sendable, Equatable {
    /// Nothing was sent, or the database refused and rolled back: the same call may succeed later.
    case unavailable
    /// Nothing was sent: too many callers wait for a connection already.
    case overloaded
    /// Another transaction held a lock for longer than `lock_timeout`, and this call was rolled back: that transaction may still commit.
    case lockHeld
    /// The call was sent and no answer arrived: it may have been committed.
    case outcomeUnknown
    /// Nothing was sent: transactions of earlier calls whose outcome is unknown are not over, and this one would only wait behind them.
    case earlierCallsOpen
    /// The database answers and refuses, whatever the data: it is read-only, full, or a right is missing. Nothing was stored.
    case refused
    /// The database refuses the data.
    case invalidData

    /// Maps an error of the database by what it leaves possible.
    package init(_ error: PostgresError) {
        if error.outcomeIsUnknown {
            self = .outcomeUnknown
        } else if error.isDataError {
            self = .invalidData
        } else if error.code == .poolExhausted {
            self = .overloaded
        } else if error.sqlState == "55P03" {
            self = .lockHeld
        } else if error.isRefusal {
            self = .refused
        } else {
            self = .unavailable
        }
    }
}

extension PostgresClient {
    /// Runs one statement and reads its rows, column by column.
    /// - Parameters:
    ///   - until: when the caller stops waiting, if that is before the pool's limits.
    ///   - logger: logs the database's error, which the thrown failure does not carry, at debug level.
    package func run<Value>(
        _ query: PostgresQuery,
        until: ContinuousClock.Instant? = nil,
        logger: Logger,
        _ read: (inout PostgresColumns) throws(PostgresError) -> Value
    ) async throws(StorageFailure) -> [Value] {
        do throws(PostgresError) {
            return try await self.query(query, until: until).read(read)
        } catch {
            logger.debug("query failed", metadata: ["error": "\(error)"])
            throw StorageFailure(error)
        }
    }
}
