import NIOConcurrencyHelpers
package import Postgres

/// Readiness of an instance that must store entries: reading works on a database that is read-only, full, or whose rights were revoked.
extension PostgresLancamentoRepository {
    /// Why entries cannot be stored, in Portuguese; nil if they can, as far as is known.
    ///
    /// Normally it asks for the session's state and rights, which writes nothing. Only after the server refused a write does it try one
    /// and roll it back, because nothing else shows, for example, that the disk has room again.
    /// - Throws: ``PostgresError``; with ``PostgresError/isReadOnlyServer`` if the session is read-only, and the pool leaves the server.
    package func refusalOfWrites() async throws(PostgresError) -> String? {
        let rows = try await self.client.withConnection { connection throws(PostgresError) in
            // Otherwise readiness would keep the session, and with it the old server after a switch: no write reaches an instance that is not
            // ready.
            try await connection.requireWritable()
            return try await connection.query(
                "select has_table_privilege('lancamentos', 'insert') and has_table_privilege('outbox', 'insert')")
        }
        guard try rows.first?.decode(0, as: Bool.self) == true else { return "falta ao usuário do serviço o direito de gravar" }
        if try await !self.earlierWritesEnd(until: .now + .milliseconds(1500)) {
            return "gravações anteriores esperam para ser confirmadas"
        }
        guard self.writes.withLockedValue({ $0.areRefused }) else { return nil }
        do throws(PostgresError) {
            try await self.client.query(Self.attempt)
        } catch {
            guard error.sqlState != Self.rolledBack else {
                self.writes.withLockedValue { $0.areRefused = false }
                return nil
            }
            guard error.isRefusal, let state = error.sqlState else { throw error }
            return "recusa gravações (SQLSTATE \(state))"
        }
        return nil
    }

    private static let rolledBack = "FLUXO"

    /// Inserts an entry that needs a page of its own, because random digits hardly compress, and rolls it back by an error.
    private static let attempt: PostgresQuery = """
        do $$
        begin
            with l as (
                insert into lancamentos (id, conta, tipo, valor, data, natureza, canal, descricao)
                select gen_random_uuid(), 'prova', 'credito', 1, current_date, 'ajuste', 'rest', string_agg(md5(random()::text), '')
                from generate_series(1, 512)
                returning id
            )
            insert into outbox (id) select id from l;
            raise exception 'rolled back' using errcode = 'FLUXO';
        end
        $$
        """
}
