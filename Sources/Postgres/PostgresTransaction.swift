import CLibPQ

extension PostgresConnection {
    /// The state of the session's transaction, as the server's last answer gave it.
    enum Transaction {
        case idle
        case open
        /// A statement failed: the server refuses everything but a rollback.
        case failed
        /// A statement is running, or the connection is closed.
        case unknown
    }

    /// The state of the session's transaction.
    var transaction: Transaction {
        guard let handle else { return .unknown }
        return switch PQtransactionStatus(handle) {
        case PQTRANS_IDLE: .idle
        case PQTRANS_INTRANS: .open
        case PQTRANS_INERROR: .failed
        default: .unknown
        }
    }

    /// Runs the closure inside a transaction: commits when it returns, rolls back when it throws. A connection whose transaction cannot be
    /// rolled back is closed, which rolls it back as well.
    ///
    /// The closure must not begin or end a transaction itself.
    /// - Throws: the closure's error, with ``PostgresError/outcomeIsUnknown`` false, because the commit was not sent; the commit's own error;
    ///   ``PostgresError/Code/transaction`` if a transaction was open before, or had failed or ended when the closure returned.
    public nonisolated func withTransaction<Value: Sendable>(
        _ body: (PostgresConnection) async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        switch await self.transaction {
        case .idle, .unknown: break
        // The server only warns of a second `begin`, and the inner commit would end the outer transaction.
        case .open, .failed: throw PostgresError(.transaction, detail: "a transaction is open already")
        }
        let value: Value
        do throws(PostgresError) {
            try await self.query("begin")
            value = try await body(self)
            try await self.checkBeforeCommit()
        } catch {
            await self.rollBack()
            throw error.notCommitted
        }
        try await self.query("commit")
        return value
    }

    /// The server answers the commit of a failed transaction with a rollback and reports no error.
    private func checkBeforeCommit() throws(PostgresError) {
        switch self.transaction {
        case .open: return
        case .failed: throw PostgresError(.transaction, detail: "a statement of the transaction failed, so it cannot be committed")
        case .idle: throw PostgresError(.transaction, detail: "the transaction ended before its commit")
        case .unknown: throw PostgresError(.connectionLost, detail: "the connection was closed inside the transaction")
        }
    }

    private func rollBack() async {
        switch self.transaction {
        case .open, .failed: break
        case .idle, .unknown: return
        }
        do {
            try await self.query("rollback")
        } catch {
            self.drop()
        }
    }
}

extension PostgresClient {
    /// Lends a connection for the time of the closure and runs it inside a transaction, as ``PostgresConnection/withTransaction(_:)`` does.
    /// - Throws: what ``withConnection(_:)`` and ``PostgresConnection/withTransaction(_:)`` throw.
    public func withTransaction<Value: Sendable>(
        _ body: (PostgresConnection) async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        try await self.withConnection { connection throws(PostgresError) in try await connection.withTransaction(body) }
    }
}
