/// The schema of a database as an ordered list of SQL scripts, of which each runs once.
///
/// What was applied is kept in the table `schema_migrations`. Instances that start at once wait for each other on an advisory lock, and each
/// script runs in a transaction together with the row that records it.
public struct PostgresMigrations: Sendable {
    /// One step.
    public struct Migration: Sendable {
        /// Counts from 1 without gaps.
        public let version: Int32
        /// Says what it does; recorded, and compared with what is recorded.
        public let name: String
        /// The script.
        public let sql: String

        /// - Parameter sql: the program's own text; it is not looked at.
        public init(version: Int32, name: String, sql: String) {
            self.version = version
            self.name = name
            self.sql = sql
        }
    }

    /// How the database's schema compares with this list.
    public enum Status: Sendable, Equatable {
        /// The same.
        case current
        /// The database lacks steps: it is at this version (0: none).
        case older(Int32)
        /// The database has steps that this program does not know.
        case newer(Int32)
        /// A recorded step has another name than this program's of the same version.
        case different(Int32)
    }

    /// The steps.
    public let migrations: [Migration]

    /// - Parameter migrations: in order.
    public init(_ migrations: [Migration]) {
        precondition(migrations.enumerated().allSatisfy { $0.element.version == $0.offset + 1 }, "versions count from 1 without gaps")
        self.migrations = migrations
    }

    /// The version that this list leads to.
    public var latestVersion: Int32 { Int32(self.migrations.count) }

    /// Any number; the same for every program that migrates the same database.
    private static let lockKey: Int64 = 7_235_911_408_223_145_001

    /// Applies what is missing.
    /// - Parameters:
    ///   - configuration: the database; its timeouts of statements and locks are replaced by longer ones.
    ///   - onApply: told of each step before it runs.
    /// - Returns: how many steps were applied.
    /// - Throws: ``PostgresError``; ``PostgresError/Code/migration`` if the database is newer than this list or differs from it.
    @discardableResult
    public func apply(
        to configuration: PostgresConfiguration,
        onApply: (Migration) -> Void = { _ in }
    ) async throws(PostgresError) -> Int {
        var patient = configuration
        patient.statementTimeout = .seconds(600)
        patient.lockTimeout = .seconds(120)
        patient.idleInTransactionTimeout = .seconds(60)
        let connection = try await PostgresConnection.connect(patient)
        do throws(PostgresError) {
            let applied = try await self.apply(on: connection, onApply: onApply)
            // Closing the session gives the advisory lock back.
            await connection.close()
            return applied
        } catch {
            await connection.close()
            throw error
        }
    }

    private func apply(on connection: PostgresConnection, onApply: (Migration) -> Void) async throws(PostgresError) -> Int {
        try await connection.query("select pg_advisory_lock(\(Self.lockKey))")
        try await connection.runScript(
            """
            create table if not exists schema_migrations (
                version integer primary key,
                name text not null,
                applied_at timestamptz not null default clock_timestamp()
            )
            """
        )
        let recorded = try await Self.recorded(on: connection)
        switch self.compare(recorded) {
        case .current: return 0
        case .older: break
        case .newer(let version):
            throw PostgresError(.migration, detail: "the database is at version \(version), this program knows \(self.latestVersion)")
        case .different(let version):
            throw PostgresError(.migration, detail: "version \(version) of the database is another one than this program's")
        }
        let missing = self.migrations.dropFirst(recorded.count)
        for migration in missing {
            onApply(migration)
            try await connection.query("begin")
            try await connection.runScript(migration.sql)
            try await connection.query(
                "insert into schema_migrations (version, name) values (\(migration.version), \(migration.name))"
            )
            try await connection.query("commit")
        }
        return missing.count
    }

    /// Compares the database with this list. A database without the table is ``Status/older(_:)`` with 0.
    /// - Throws: ``PostgresError``.
    public func status(of client: PostgresClient) async throws(PostgresError) -> Status {
        try await client.withConnection { connection throws(PostgresError) in
            let rows = try await connection.query("select to_regclass('schema_migrations') is not null")
            guard try rows.first?.decode(0, as: Bool.self) == true else { return .older(0) }
            return self.compare(try await Self.recorded(on: connection))
        }
    }

    private static func recorded(on connection: PostgresConnection) async throws(PostgresError) -> [(version: Int32, name: String)] {
        var recorded: [(version: Int32, name: String)] = []
        for row in try await connection.query("select version, name from schema_migrations order by version") {
            recorded.append((try row.decode(0), try row.decode(1)))
        }
        return recorded
    }

    func compare(_ recorded: [(version: Int32, name: String)]) -> Status {
        for (mine, theirs) in zip(self.migrations, recorded) where mine.version != theirs.version || mine.name != theirs.name {
            return .different(theirs.version)
        }
        if recorded.count > self.migrations.count { return .newer(recorded.last?.version ?? 0) }
        if recorded.count < self.migrations.count { return .older(recorded.last?.version ?? 0) }
        return .current
    }
}
