package import Logging
package import Postgres
import ServiceRuntime

/// A session of its own that holds an advisory lock: a lost connection is a lost lock, and the server ends the session of a stopped process.
package struct PostgresOutboxLease: OutboxLease {
    private let connection: PostgresConnection
    private let logger: Logger

    fileprivate init(connection: PostgresConnection, logger: Logger) {
        self.connection = connection
        self.logger = logger
    }

    package func claim(above low: Int64, minimumAge: Duration, limit: Int64) async throws(FalhaDeArmazenamento) -> OutboxClaim {
        do throws(PostgresError) {
            let age = Int64(minimumAge / .milliseconds(1))
            // Rows from the future were made before the database's clock was set back: they are as old as can be. The lateral join looks up each
            // entry by its key: not knowing how small the limit is, the planner would read the whole table for a plain one.
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
            throw FalhaDeArmazenamento(error)
        }
    }

    /// Nil for a row that this program cannot read, such as one of a newer version: it stays for that one, and must not stop the others.
    private func event(_ row: PostgresRow) -> Registration? {
        do throws(PostgresError) {
            return Registration(
                lancamento: try LancamentoRow.decode(row, from: 2).lancamento, traceparent: try row.decodeIfPresent(1),
                seq: try row.decode(0)
            )
        } catch {
            self.logger.error("an entry in the outbox cannot be read and waits", metadata: ["error": "\(error)"])
            return nil
        }
    }

    package func release() async {
        await self.connection.close()
    }
}

/// Hands out the lease under an advisory lock.
package struct PostgresOutboxLeaseSource: OutboxLeaseSource {
    /// Any number; the same for every instance.
    private static let lockKey: Int64 = 7_235_911_408_223_145_002

    private let locks: AdvisoryLockSource
    private let logger: Logger

    /// - Parameter configuration: the database; its session timeout and plans are replaced.
    package init(configuration: PostgresConfiguration, logger: Logger) {
        self.locks = AdvisoryLockSource(configuration: configuration, key: Self.lockKey)
        self.logger = logger
    }

    package func acquire() async throws(FalhaDeArmazenamento) -> (any OutboxLease)? {
        do throws(PostgresError) {
            return try await self.locks.acquire().map { PostgresOutboxLease(connection: $0, logger: self.logger) }
        } catch {
            throw FalhaDeArmazenamento(error)
        }
    }
}
