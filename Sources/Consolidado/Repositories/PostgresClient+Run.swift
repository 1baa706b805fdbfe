import Logging
import Postgres

extension PostgresClient {
    /// Runs one statement and reads its rows.
    func run<Value>(
        _ query: PostgresQuery,
        logger: Logger,
        _ decode: (PostgresRow) throws(PostgresError) -> Value
    ) async throws(FalhaDeArmazenamento) -> [Value] {
        do throws(PostgresError) {
            var values: [Value] = []
            for row in try await self.query(query) { values.append(try decode(row)) }
            return values
        } catch {
            logger.debug("query failed", metadata: ["error": "\(error)"])
            throw error.isDataError ? .dados : .indisponivel
        }
    }
}
