/// What went wrong with the database, and what that leaves open.
///
/// Decide by ``isRetriable`` (the same call may succeed later), ``isDataError`` (the same data will fail again) and ``outcomeIsUnknown``
/// (the statement was sent and its answer never came: it may have been committed). ``description`` holds no data of users; the server's own
/// message may quote some and is kept apart in ``serverMessage``.
public struct PostgresError: Error, Sendable, Hashable {
    /// The kind of failure.
    public enum Code: Sendable, Hashable {
        /// No connection could be made: unreachable, refused, wrong password, database missing.
        case connectFailed
        /// The connection broke, or was dropped, while it was in use.
        case connectionLost
        /// The answer did not come before the deadline; the connection was dropped.
        case timedOut
        /// The task that waited was cancelled; a connection in use was dropped.
        case cancelled
        /// No connection became free in time, or too many callers wait already.
        case poolExhausted
        /// The pool is shutting down.
        case shutDown
        /// The server answered with an error; ``PostgresError/sqlState`` has its code.
        case server
        /// A column's type, nullness or range is not what the caller asked for.
        case decoding
        /// The configuration cannot be used.
        case configuration
        /// Migrations and the database disagree.
        case migration
    }

    /// The kind of failure.
    public let code: Code
    /// The five characters of the SQLSTATE where the server gave one.
    public let sqlState: String?
    /// The constraint that a statement broke, where the server named one.
    public let constraint: String?
    /// What this library says of it; without data of users.
    public let detail: String
    /// The server's or libpq's own words, which may quote data.
    public let serverMessage: String?
    /// Whether a statement had been sent whose answer never came.
    public let outcomeIsUnknown: Bool
    /// Whether the server ended the session with this error.
    let endsSession: Bool

    init(
        _ code: Code,
        detail: String,
        sqlState: String? = nil,
        constraint: String? = nil,
        serverMessage: String? = nil,
        outcomeIsUnknown: Bool = false,
        endsSession: Bool = false
    ) {
        self.code = code
        self.sqlState = sqlState
        self.constraint = constraint
        self.detail = detail
        self.serverMessage = serverMessage
        self.outcomeIsUnknown = outcomeIsUnknown
        self.endsSession = endsSession
    }

    /// A value that was read from a row and breaks the caller's own rules.
    /// - Parameter detail: without data of users.
    public init(unreadable detail: String) {
        self.init(.decoding, detail: detail)
    }

    /// Whether the same call may succeed later: connection trouble, a timeout, and the SQLSTATE classes of connection (08), resources (53),
    /// operator intervention (57), serialization and deadlock (40), lock not available (55P03) and a stale prepared statement (26000, 0A000).
    ///
    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
    public var isRetriable: Bool {
        switch self.code {
        case .connectFailed, .connectionLost, .timedOut, .poolExhausted: return true
        case .server:
            guard let state = self.sqlState else { return false }
            let retriableClasses = ["08", "40", "53", "57"]
            return retriableClasses.contains(String(state.prefix(2))) || ["55P03", "25006", "26000", "0A000"].contains(state)
        case .cancelled, .shutDown, .decoding, .configuration, .migration: return false
        }
    }

    /// Whether the data itself is at fault: classes 22 (data exception) and 23 (integrity constraint).
    public var isDataError: Bool {
        guard let state = self.sqlState else { return false }
        return state.hasPrefix("22") || state.hasPrefix("23")
    }

    /// Whether the connection cannot be used any further.
    var endsConnection: Bool {
        switch self.code {
        case .connectFailed, .connectionLost, .timedOut, .cancelled: return true
        // After 26000 and 0A000 the prepared statements of the session are stale.
        case .server: return self.endsSession || ["26000", "0A000"].contains(self.sqlState)
        case .poolExhausted, .shutDown, .decoding, .configuration, .migration: return false
        }
    }
}

extension PostgresError: CustomStringConvertible {
    /// The failure without data of users.
    public var description: String {
        var text = "PostgreSQL \(self.code): \(self.detail)"
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        if self.outcomeIsUnknown { text += "; outcome unknown" }
        return text
    }
}
