import Logging
import Postgres

extension PostgresClient {
    /// Runs one statement and reads its rows.
    func run<Value>(
        _ query: PostgresQuery,
        logger: Logger,
        _ read: (inout PostgresColumns) throws(PostgresError) -> Value
    ) async throws(FalhaDeArmazenamento) -> [Value] {
        do throws(PostgresError) {
            return try await self.query(query).read(read)
        } catch {
            logger.debug("query failed", metadata: ["error": "\(error)"])
            throw error.isDataError ? .dados : .indisponivel
        }
    }
}
