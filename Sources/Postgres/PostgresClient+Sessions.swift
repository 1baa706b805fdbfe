extension PostgresClient {
    /// Whether each connection of the pool has a session of the server to itself.
    ///
    /// A pooler that lends sessions for one transaction (PgBouncer's `pool_mode = transaction`) looks like a server until the next transaction
    /// meets another session, without the statements that were prepared and the locks that it holds. A pool of one connection cannot find
    /// out, and returns true.
    public func hasOwnSessions() async throws(PostgresError) -> Bool {
        guard self.limits.connectionsMax > 1 else { return true }
        do throws(PostgresError) {
            return try await self.withConnection { first throws(PostgresError) in
                try await first.query("select set_config('fluxo.conexao', 'primeira', false)")
                try await self.withConnection { second throws(PostgresError) in
                    try await second.query("select set_config('fluxo.conexao', 'segunda', false)")
                    return
                }
                let rows = try await first.query("select current_setting('fluxo.conexao', true)")
                return try rows.read { columns throws(PostgresError) in try columns.nextIfPresent(String.self) } == ["primeira"]
            }
        } catch {
            if error.isOfForeignStatement { return false }
            throw error
        }
    }
}

extension PostgresError {
    /// `invalid_sql_statement_name`, `duplicate_prepared_statement`, and `protocol_violation` for another number of parameters (PostgreSQL,
    /// appendix A).
    private static let foreignStatements: Set<String> = ["26000", "42P05", "08P01"]

    /// Whether a prepared statement is of another session: the server does not know it, or it has the name of ours and other parameters or
    /// columns.
    var isOfForeignStatement: Bool {
        self.code == .decoding || self.sqlState.map { Self.foreignStatements.contains($0) } ?? false
    }
}
