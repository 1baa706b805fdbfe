package import Postgres

/// Opens sessions of their own that hold an advisory lock: one process of all at a time has it, for as long as its session lives.
///
/// A lost connection is a lost lock, and the server ends a session that stays silent, so that a stopped process does not keep it. A session
/// that does not get the lock is kept for the next try.
///
/// What a session asks is planned once (``StatementPlans/once``): it works off a table that is nearly always empty, and a plan made then reads
/// all of it when it has grown.
package actor AdvisoryLockSource {
    /// A session silent for so long belongs to a stopped process: whoever holds the lock asks the database more often than that.
    private static let silenceMax: Duration = .seconds(10)

    private let configuration: PostgresConfiguration
    private let key: Int64
    private var spare: PostgresConnection?

    /// - Parameters:
    ///   - configuration: the database; its session timeout and plans are replaced.
    ///   - key: any number; the same for all that compete for the lock, and for nothing else in the database.
    package init(configuration: PostgresConfiguration, key: Int64) {
        var configuration = configuration
        configuration.idleSessionTimeout = Self.silenceMax
        configuration.plans = .once
        self.configuration = configuration
        self.key = key
    }

    /// The session that holds the lock, or nil while another holds it. Closing the session gives the lock back.
    /// - Throws: `PostgresError`.
    package func acquire() async throws(PostgresError) -> PostgresConnection? {
        let connection = try await self.session()
        let rows = try await connection.query("select pg_try_advisory_lock(\(self.key))")
        if try rows.first?.decode(0, as: Bool.self) == true { return connection }
        self.spare = connection
        return nil
    }

    private func session() async throws(PostgresError) -> PostgresConnection {
        if let spare {
            self.spare = nil
            if await spare.isUsable() { return spare }
        }
        return try await PostgresConnection.connect(self.configuration)
    }
}
