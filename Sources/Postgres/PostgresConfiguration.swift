import CLibPQ
package import HostNames

/// Where a database is and how its sessions behave.
public struct PostgresConfiguration: Sendable {
    let url: String
    /// What the URL itself sets for the session.
    private let urlOptions: String?
    /// The URL's hosts; nil if none has to be looked up.
    private let hosts: PostgresHosts?
    /// Finds the addresses of the hosts.
    package var resolver = HostResolver.shared
    /// Shown in `pg_stat_activity`.
    public var applicationName: String
    /// How long making a connection may take once its host's name is resolved.
    public var connectTimeout: Duration = .seconds(2)
    /// The server ends a statement after this long.
    public var statementTimeout: Duration = .seconds(5)
    /// The server ends a statement that waits this long for one lock.
    public var lockTimeout: Duration = .seconds(2)
    /// The server ends a session that is idle for this long inside a transaction, so that a stopped client does not hold locks.
    public var idleInTransactionTimeout: Duration = .seconds(5)
    /// The server ends a session that is idle for this long outside a transaction; zero disables the limit.
    public var idleSessionTimeout: Duration = .zero
    /// How long sent data may stay unacknowledged before the kernel ends the connection (`tcp_user_timeout`).
    public var tcpUserTimeout: Duration = .seconds(5)
    /// Which servers are accepted, unless the URL says so: of several hosts the first such one is used.
    public var role = ServerRole.any
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
        var values: [String: String] = [:]
        for option in sequence(first: options, next: { $0 + 1 }).prefix(while: { $0.pointee.keyword != nil }) {
            values[String(cString: option.pointee.keyword)] = option.pointee.val.map { String(cString: $0) }
        }
        self.urlOptions = values["options"]
        self.hosts = PostgresHosts(values)
        self.url = url
        self.applicationName = applicationName
    }

    /// How long a caller waits for an answer before the connection is dropped: one second longer than the server lets a statement run.
    public var answerTimeout: Duration { self.statementTimeout + .seconds(1) }

    /// Looks up the names of the hosts.
    /// - Returns: libpq's keywords and values for ``startConnecting(_:)``.
    /// - Throws: ``PostgresError/Code/connectFailed``.
    func resolveHosts() async throws(PostgresError) -> [(keyword: String, value: String)] {
        try await self.hosts?.parameters(self.resolver) ?? []
    }

    /// Begins a connection. Nil if memory is short.
    /// - Parameter addresses: from ``resolveHosts()``; without them libpq blocks while it looks the names up.
    func startConnecting(_ addresses: [(keyword: String, value: String)]) -> OpaquePointer? {
        // libpq copies the strings before it returns, so they need to live for the call only.
        var keywords: [UnsafePointer<CChar>?] = []
        var values: [UnsafePointer<CChar>?] = []
        var owned: [UnsafeMutablePointer<CChar>] = []
        defer { owned.forEach { $0.deallocate() } }
        func copy(_ text: String) -> UnsafePointer<CChar> {
            let bytes = text.utf8CString
            let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            for (offset, byte) in bytes.enumerated() { (pointer + offset).initialize(to: byte) }
            owned.append(pointer)
            return UnsafePointer(pointer)
        }
        for (keyword, value) in self.parameters + addresses {
            keywords.append(copy(keyword))
            values.append(copy(value))
        }
        keywords.append(nil)
        values.append(nil)
        return PQconnectStartParams(keywords, values, 1)
    }

    /// libpq's keywords and values; those after the URL override it.
    private var parameters: [(keyword: String, value: String)] {
        var sessionSettings = [
            "statement_timeout=\(self.statementTimeout.milliseconds)",
            "lock_timeout=\(self.lockTimeout.milliseconds)",
            "idle_in_transaction_session_timeout=\(self.idleInTransactionTimeout.milliseconds)",
            "idle_session_timeout=\(self.idleSessionTimeout.milliseconds)",
            // Overrides the default of role and server: an acknowledged transaction is on disk.
            "synchronous_commit=on",
            // The server finds a connection whose client is gone after 5 + 3 × 2 s.
            "tcp_keepalives_idle=5", "tcp_keepalives_interval=2", "tcp_keepalives_count=3",
        ]
        sessionSettings += self.plans.settings
        return [
            ("target_session_attrs", self.role.rawValue),
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

/// Which servers a connection accepts (libpq's `target_session_attrs`).
public enum ServerRole: String, Sendable {
    case any
    /// A server that is no standby, also while it is set to read-only.
    case primary
    /// A server that accepts writes.
    case readWrite = "read-write"
}

/// When the server plans a prepared statement (its setting `plan_cache_mode`).
public enum StatementPlans: String, Sendable {
    /// The server compares its cost estimates of the two below. It assumes ten elements for an array parameter, so statements over short
    /// arrays are planned at each run, which can take longer than running them.
    case automatic = "auto"
    /// At each run, for its parameters: for reads whose best plan depends on them.
    case eachRun = "force_custom_plan"
    /// Once for all parameters, and again when statistics or tables change: for statements that look everything up by key. Sequential scans
    /// are disabled where there is another way, because a plan made for a small table stays when the table has grown.
    case once = "force_generic_plan"

    /// The server's settings for it.
    var settings: [String] {
        let mode = "plan_cache_mode=\(self.rawValue)"
        return self == .once ? [mode, "enable_seqscan=off"] : [mode]
    }
}
