/// What went wrong with the database, and what remains possible.
///
/// Decide by ``isRetriable`` (the same call may succeed later), ``isDataError`` (the same data will fail again) and ``outcomeIsUnknown``
/// (the statement was sent and no answer arrived: it may have been committed). ``description`` holds no user data; the server's message may
/// quote some and is kept apart in ``serverMessage``.
public struct PostgresError: Error, Sendable, Hashable {
    /// The kind of failure.
    public enum Code: Sendable, Hashable {
        /// No connection could be made: unreachable, refused, wrong password, database missing.
        case connectFailed
        /// The connection broke, or was dropped, while it was in use.
        case connectionLost
        /// No answer arrived before the deadline; the connection was dropped.
        case timedOut
        /// The waiting task was cancelled; a connection in use was dropped.
        case cancelled
        /// No connection became free in the caller's time, or too many callers wait already.
        case poolExhausted
        /// The pool is shutting down.
        case shutDown
        /// The server answered with an error; ``PostgresError/sqlState`` has its code.
        case server
        /// The server answered with a result that this client does not handle (`COPY`); the connection was dropped.
        case unexpectedResult
        /// The transaction was open already, or it failed or ended before its commit.
        case transaction
        /// A column's type, nullability or range is not what the caller asked for.
        case decoding
        /// The configuration cannot be used.
        case configuration
        /// The migrations and the database differ.
        case migration
    }

    /// The kind of failure.
    public let code: Code
    /// The five characters of the SQLSTATE where the server gave one.
    public let sqlState: String?
    /// The constraint that a statement broke, where the server named one.
    public let constraint: String?
    /// This library's description, without user data.
    public let detail: String
    /// The server's or libpq's message, which may quote data.
    public let serverMessage: String?
    /// Whether a statement was sent that may have been committed although no answer arrived.
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

    /// A value that was read from a row and breaks the caller's rules.
    /// - Parameter detail: without user data.
    public init(unreadable detail: String) {
        self.init(.decoding, detail: detail)
    }

    /// The same error of a statement that certainly was not committed.
    var notCommitted: PostgresError {
        PostgresError(
            self.code, detail: self.detail, sqlState: self.sqlState, constraint: self.constraint, serverMessage: self.serverMessage,
            outcomeIsUnknown: false, endsSession: self.endsSession)
    }

    /// Whether the same call may succeed later: connection trouble, a timeout, and the SQLSTATE classes of connection (08), resources (53),
    /// operator intervention (57), serialization and deadlock (40), lock not available (55P03) and a stale prepared statement (26000,
    /// 0A000).
    ///
    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
    public var isRetriable: Bool {
        switch self.code {
        case .connectFailed, .connectionLost, .timedOut, .poolExhausted: return true
        case .server:
            guard let state = self.sqlState else { return false }
            let retriableClasses = ["08", "40", "53", "57"]
            return retriableClasses.contains(String(state.prefix(2))) || ["55P03", "25006", "26000", "0A000"].contains(state)
        case .cancelled, .shutDown, .unexpectedResult, .transaction, .decoding, .configuration, .migration: return false
        }
    }

    /// Whether the data is at fault: classes 22 (data exception) and 23 (integrity constraint).
    public var isDataError: Bool {
        guard let state = self.sqlState else { return false }
        return state.hasPrefix("22") || state.hasPrefix("23")
    }

    /// Whether the server answers and refuses, whatever the data: read-only (25006), missing rights or tables (42), no resources such as disk
    /// space (53), a state that forbids it (55, lock waits apart), system errors (58) and internal errors (XX).
    public var isRefusal: Bool {
        guard self.code == .server || self.isReadOnlyServer, let state = self.sqlState else { return false }
        return ["25", "42", "53", "55", "58", "XX"].contains(String(state.prefix(2))) && state != "55P03"
    }

    /// Whether the server accepts no writes: a standby, or one that is set so.
    package var isReadOnlyServer: Bool { self.sqlState == Self.readOnlyServer }

    /// `read_only_sql_transaction`
    static let readOnlyServer = "25006"

    /// Whether the connection cannot be used any further.
    var endsConnection: Bool {
        switch self.code {
        case .connectFailed, .connectionLost, .timedOut, .cancelled, .unexpectedResult: return true
        // After 26000 and 0A000 the prepared statements of the session are stale. A read-only server may be the primary no more.
        case .server: return self.endsSession || ["26000", "0A000", Self.readOnlyServer].contains(self.sqlState)
        case .poolExhausted, .shutDown, .transaction, .decoding, .configuration, .migration: return false
        }
    }
}

extension PostgresError: CustomStringConvertible {
    /// The failure without user data.
    public var description: String {
        var text = "PostgreSQL \(self.code): \(self.detail)"
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        if self.outcomeIsUnknown { text += "; outcome unknown" }
        return text
    }
}
