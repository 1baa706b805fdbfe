package import Logging
package import Postgres
package import ServiceRuntime
package import Storage

/// The outbox, read on the session that holds the lease.
package struct PostgresOutboxLease: OutboxLease {
    private let connection: PostgresConnection
    private let logger: Logger

    /// The outbox as a session without the lease sees it: for tools, which may send what the holder of the lease sends too.
    package init(connection: PostgresConnection, logger: Logger) {
        self.connection = connection
        self.logger = logger
    }

    /// The lease of the one instance that sweeps.
    /// - Parameter configuration: the database; its session timeout and plans are replaced.
    package static func source(_ configuration: PostgresConfiguration, logger: Logger) -> AdvisoryLockSource<any OutboxLease> {
        AdvisoryLockSource(configuration: configuration, key: Self.lockKey) { PostgresOutboxLease(connection: $0, logger: logger) }
    }

    /// The same for every instance, and unique among the advisory locks of this database.
    private static let lockKey: Int64 = 7_235_911_408_223_145_002

    package func claim(above low: Int64, minimumAge: Duration, limit: Int64) async throws(StorageFailure) -> OutboxClaim {
        do throws(PostgresError) {
            let age = Int64(minimumAge / .milliseconds(1))
            // Rows from the future were made before the database's clock was set back: they count as old. The lateral join looks up each
            // entry by its key: the planner does not know how small the limit is and would read the whole table for a plain join.
            let rows = try await self.connection.query(
                """
                select o.seq, o.traceparent, l.id, l.conta, l.tipo, l.valor, l.data, l.natureza, l.descricao, l.categoria, l.referencia,
                       l.metadados::text, l.registrado_por, l.canal, l.chave, l.estorno_de, null::uuid, null::bytea
                from (
                    select seq, id, traceparent from outbox
                    where seq > \(low)
                      and (criado_em < clock_timestamp() - \(age) * interval '1 millisecond' or criado_em > clock_timestamp())
                    order by seq limit \(limit)
                ) o
                cross join lateral (select * from lancamentos where id = o.id limit 1) l
                order by o.seq
                """
            )
            return OutboxClaim(events: rows.compactMap { self.event($0) }, lastSeq: try rows.last?.decode(0))
        } catch {
            throw StorageFailure(error)
        }
    }

    /// Nil for a row that this program cannot read, such as one of a newer version: it stays for that version and does not stop the others.
    private func event(_ row: PostgresRow) -> Registration? {
        do throws(PostgresError) {
            return try row.read { columns throws(PostgresError) in
                let seq: Int64 = try columns.next()
                let traceparent: String? = try columns.nextIfPresent()
                return Registration(lancamento: try Registration(&columns).lancamento, traceparent: traceparent, seq: seq)
            }
        } catch {
            self.logger.error("an entry in the outbox cannot be read and waits", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
