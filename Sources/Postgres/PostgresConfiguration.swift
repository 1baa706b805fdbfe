import CLibPQ

/// Where a database is and how its sessions behave.
public struct PostgresConfiguration: Sendable {
    let url: String
    /// What the URL itself sets for the session.
    private let urlOptions: String?
    /// Shown in `pg_stat_activity`.
    public var applicationName: String
    /// How long making a connection may take once its host's name is resolved.
    public var connectTimeout: Duration = .seconds(2)
    /// The server ends a statement after this long.
    public var statementTimeout: Duration = .seconds(5)
    /// The server ends a statement that waits this long for one lock.
    public var lockTimeout: Duration = .seconds(2)
    /// The server ends a session that sits this long inside a transaction, so that a stopped client cannot hold locks.
    public var idleInTransactionTimeout: Duration = .seconds(5)
    /// The server ends a session that sits this long outside a transaction; zero never does.
    public var idleSessionTimeout: Duration = .zero
    /// How long sent data may stay unacknowledged before the kernel gives the connection up (`tcp_user_timeout`).
    public var tcpUserTimeout: Duration = .seconds(5)
    /// When the server plans a prepared statement.
    public var plans = StatementPlans.automatic

    /// - Parameters:
    ///   - url: `postgresql://user:password@host:port/database`, with every option that libpq understands.
    ///   - applicationName: shown in `pg_stat_activity`.
    /// - Throws: ``PostgresError/Code/configuration`` if libpq cannot read the URL; the message does not repeat it.
    public init(url: String, applicationName: String) throws(PostgresError) {
        guard url.hasPrefix("postgresql://") || url.hasPrefix("postgres://"), !url.utf8.contains(0) else {
            throw PostgresError(.configuration, detail: "the database URL does not begin with postgresql://")
        }
        guard let options = PQconninfoParse(url, nil) else {
            throw PostgresError(.configuration, detail: "the database URL cannot be read: postgresql://user:password@host:port/database")
        }
        defer { PQconninfoFree(options) }
        self.urlOptions = sequence(first: options, next: { $0 + 1 })
            .prefix { $0.pointee.keyword != nil }
            .first { String(cString: $0.pointee.keyword) == "options" }
            .flatMap { $0.pointee.val.map { String(cString: $0) } }
        self.url = url
        self.applicationName = applicationName
    }

    /// How long a caller waits for an answer before the connection is dropped: a little more than the server takes to give up by itself.
    public var answerTimeout: Duration { self.statementTimeout + .seconds(1) }

    /// libpq's keywords and values; what comes later overrides the URL.
    var parameters: [(keyword: String, value: String)] {
        var sessionSettings = [
            "statement_timeout=\(self.statementTimeout.milliseconds)",
            "lock_timeout=\(self.lockTimeout.milliseconds)",
            "idle_in_transaction_session_timeout=\(self.idleInTransactionTimeout.milliseconds)",
            "idle_session_timeout=\(self.idleSessionTimeout.milliseconds)",
            // Whatever the role or the server has as its default: an acknowledged transaction is on disk.
            "synchronous_commit=on",
            // The server's side of a connection whose client is gone: found dead after 5 + 3 × 2 s.
            "tcp_keepalives_idle=5", "tcp_keepalives_interval=2", "tcp_keepalives_count=3",
        ]
        sessionSettings += self.plans.settings
        return [
            ("dbname", self.url),
            ("application_name", self.applicationName),
            ("client_encoding", "UTF8"),
            ("tcp_user_timeout", "\(self.tcpUserTimeout.milliseconds)"),
            ("keepalives_idle", "5"), ("keepalives_interval", "2"), ("keepalives_count", "3"),
            ("options", ([self.urlOptions].compactMap(\.self) + sessionSettings.map { "-c \($0)" }).joined(separator: " ")),
        ]
    }
}

extension Duration {
    /// Whole milliseconds, cut off.
    var milliseconds: Int64 { self.components.seconds * 1000 + self.components.attoseconds / 1_000_000_000_000_000 }
}
