extension PostgresConnection {
    /// Checks that the session accepts writes. A read-only session is closed, as after a refused write, and a pool whose lease throws the error
    /// leaves the server: the address may lead to another one by now.
    /// - Throws: ``PostgresError``; with SQLSTATE 25006 if the session is read-only.
    public func requireWritable() async throws(PostgresError) {
        let rows = try await self.query("select current_setting('transaction_read_only')::boolean")
        guard try rows.first?.decode(0, as: Bool.self) == true else { return }
        self.close()
        throw PostgresError(.server, detail: "the session is read-only", sqlState: PostgresError.readOnlyServer)
    }
}
