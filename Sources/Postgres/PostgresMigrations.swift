/// The schema of a database as an ordered list of SQL scripts, each of which runs once.
///
/// The table `schema_migrations` records what was applied. Instances that start at once wait for each other on an advisory lock, and each
/// script runs in a transaction together with the row that records it.
///
/// A step's row says which older programs may go on beside it; they cannot know it themselves. A program is replaced by the next one
/// without a gap only if both run on one schema for a while: first a step that adds (expand), later one that removes (contract).
public struct PostgresMigrations: Sendable {
    /// One step.
    public struct Migration: Sendable {
        /// Counts from 1 without gaps.
        public let version: Int32
        /// Describes it; recorded, and compared with what is recorded.
        public let name: String
        /// The script.
        public let sql: String
        /// Programs whose list leads at least to this version work with the schema after this step as before it.
        public let compatibleSince: Int32

        /// - Parameters:
        ///   - sql: part of the program; it is not checked.
        ///   - compatibleSince: see ``compatibleSince``; nil: no older program works with it.
        public init(version: Int32, name: String, sql: String, compatibleSince: Int32? = nil) {
            precondition((1...version).contains(compatibleSince ?? version), "a step is compatible with versions up to its own")
            self.version = version
            self.name = name
            self.sql = sql
            self.compatibleSince = compatibleSince ?? version
        }
    }

    /// How the database's schema compares with this list.
    public enum Status: Sendable, Equatable {
        /// The same.
        case current
        /// The database lacks steps: it is at this version (0: none).
        case older(Int32)
        /// The database has steps that this program does not know, and all of them let it go on.
        case compatible(Int32)
        /// The database has steps that this program does not know, and not all of them let it go on.
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

    /// Applies the missing steps. There are none where the database is newer and lets this program go on.
    /// - Parameters:
    ///   - configuration: the database; its timeouts of statements and locks are replaced by longer ones.
    ///   - onApply: called with each step before it runs.
    /// - Returns: how many steps were applied.
    /// - Throws: ``PostgresError``; ``PostgresError/Code/migration`` if the database is too new for this list or differs from it.
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
            // Closing the session releases the advisory lock.
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
                applied_at timestamptz not null default clock_timestamp(),
                compatible_since integer
            )
            """
        )
        let recorded = try await Self.recorded(on: connection)
        switch self.compare(recorded) {
        case .current, .compatible: return 0
        case .older: break
        case .newer(let version):
            throw PostgresError(.migration, detail: "the database is at version \(version), this program knows \(self.latestVersion)")
        case .different(let version):
            throw PostgresError(.migration, detail: "version \(version) of the database is another one than this program's")
        }
        // For tables that were made before the column existed.
        try await connection.runScript("alter table schema_migrations add column if not exists compatible_since integer")
        let missing = self.migrations.dropFirst(recorded.count)
        for migration in missing {
            onApply(migration)
            try await connection.withTransaction { connection throws(PostgresError) in
                try await connection.runScript(migration.sql)
                try await connection.query(
                    """
                    insert into schema_migrations (version, name, compatible_since)
                    values (\(migration.version), \(migration.name), \(migration.compatibleSince))
                    """
                )
            }
        }
        return missing.count
    }

    /// Compares the database with this list. A database without the table is ``Status/older(_:)`` with 0.
    public func status(of client: PostgresClient) async throws(PostgresError) -> Status {
        try await client.withConnection { connection throws(PostgresError) in
            let rows = try await connection.query("select to_regclass('schema_migrations') is not null")
            guard try rows.first?.decode(0, as: Bool.self) == true else { return .older(0) }
            return self.compare(try await Self.recorded(on: connection))
        }
    }

    /// A row of `schema_migrations`.
    struct Recorded {
        let version: Int32
        let name: String
        let compatibleSince: Int32
    }

    private static func recorded(on connection: PostgresConnection) async throws(PostgresError) -> [Recorded] {
        var recorded: [Recorded] = []
        // By way of JSON, because an older table lacks the column, and a status check must not add it.
        let rows = try await connection.query(
            """
            select version, name, coalesce((to_jsonb(m) ->> 'compatible_since')::integer, version)
            from schema_migrations m order by version
            """
        )
        for row in rows {
            recorded.append(Recorded(version: try row.decode(0), name: try row.decode(1), compatibleSince: try row.decode(2)))
        }
        return recorded
    }

    func compare(_ recorded: [Recorded]) -> Status {
        for (mine, theirs) in zip(self.migrations, recorded) where mine.version != theirs.version || mine.name != theirs.name {
            return .different(theirs.version)
        }
        let version = recorded.last?.version ?? 0
        if recorded.count < self.migrations.count { return .older(version) }
        let unknown = recorded.dropFirst(self.migrations.count)
        if unknown.isEmpty { return .current }
        return unknown.allSatisfy { $0.compatibleSince <= self.latestVersion } ? .compatible(version) : .newer(version)
    }
}
