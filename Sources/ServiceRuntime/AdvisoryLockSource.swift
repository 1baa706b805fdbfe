package import Postgres

/// Hands out a lease under an advisory lock, which at most one session holds, across all instances.
///
/// The lock belongs to a separate session: a lost connection is a lost lock, and the server ends a session that stays silent, so that a
/// stopped process does not keep the lock. A session that does not get the lock is kept for the next try.
///
/// The session's statements are planned once (``StatementPlans/once``): they read a table that is nearly always empty, and a plan made then
/// would otherwise scan all of it when it has grown.
package actor AdvisoryLockSource<Access: Sendable>: LeaseSource {
    private let configuration: PostgresConfiguration
    private let key: Int64
    private let access: @Sendable (PostgresConnection) -> Access
    private var spare: PostgresConnection?

    /// - Parameters:
    ///   - configuration: the database; its session timeout and plans are replaced.
    ///   - key: the same for all that compete for the lock, and unique among the advisory locks of the database.
    ///   - silenceMax: the server ends a session that is silent for this long.
    ///   - access: what the holder of the lease works with, on the session that holds it.
    package init(
        configuration: PostgresConfiguration, key: Int64, silenceMax: Duration = LeaseLimits.silenceMax,
        access: @escaping @Sendable (PostgresConnection) -> Access
    ) {
        var configuration = configuration
        configuration.idleSessionTimeout = silenceMax
        configuration.plans = .once
        self.configuration = configuration
        self.key = key
        self.access = access
    }

    /// The lease, or nil while another session holds the lock.
    /// - Throws: `PostgresError`; also if the session is read-only, because the address may lead to another server by now.
    package func acquire() async throws -> Lease<Access>? {
        let connection = try await self.session()
        try await connection.requireWritable()
        let rows = try await connection.query("select pg_try_advisory_lock(\(self.key))")
        guard try rows.first?.decode(0, as: Bool.self) == true else {
            self.spare = connection
            return nil
        }
        return Lease(access: self.access(connection), session: AdvisoryLockSession(connection: connection))
    }

    private func session() async throws(PostgresError) -> PostgresConnection {
        if let spare {
            self.spare = nil
            if await spare.isUsable() { return spare }
        }
        return try await PostgresConnection.connect(self.configuration)
    }
}

/// A session that holds an advisory lock.
private struct AdvisoryLockSession: LeaseSession {
    let connection: PostgresConnection

    func keepAlive() async throws {
        try await self.connection.requireWritable()
    }

    /// Closing the session gives the lock back.
    func release() async {
        await self.connection.close()
    }
}
