extension PostgresClient {
    /// Opens a connection if the pool has none.
    /// - Throws: ``PostgresError``.
    public func warmUp() async throws(PostgresError) {
        guard self.connections == 0 else { return }
        try await self.withConnection { _ in }
    }
}
