package import Logging
package import Postgres

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
            // Rows from the future were made before the database's clock was set back: they are as old as can be.
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
                join lancamentos l on l.id = o.id
                order by o.seq
                """
            )
            return OutboxClaim(events: rows.compactMap { self.event($0) }, lastSeq: try rows.last?.decode(0))
        } catch {
            throw FalhaDeArmazenamento(error)
        }
    }

    /// Nil for a row that this program cannot read, such as one of a newer version: it stays for that one, and must not stop the others.
    private func event(_ row: PostgresRow) -> PendingEvent? {
        do throws(PostgresError) {
            return PendingEvent(
                seq: try row.decode(0), lancamento: try LancamentoRow.decode(row, from: 2).lancamento,
                traceparent: try row.decodeIfPresent(1)
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

/// Opens the sessions for ``PostgresOutboxLease``; one that does not get the lock is kept for the next try.
package actor PostgresOutboxLeaseSource: OutboxLeaseSource {
    /// Any number; the same for every instance.
    private static let lockKey: Int64 = 7_235_911_408_223_145_002

    private let configuration: PostgresConfiguration
    private let logger: Logger
    private var spare: PostgresConnection?

    /// - Parameter configuration: the database; its session timeout is replaced.
    package init(configuration: PostgresConfiguration, logger: Logger) {
        var configuration = configuration
        // The sweeper looks every second; a session silent for so long belongs to a stopped process, and another instance may take over.
        configuration.idleSessionTimeout = .seconds(10)
        self.configuration = configuration
        self.logger = logger
    }

    package func acquire() async throws(FalhaDeArmazenamento) -> (any OutboxLease)? {
        do throws(PostgresError) {
            let connection = try await self.session()
            let rows = try await connection.query("select pg_try_advisory_lock(\(Self.lockKey))")
            if try rows.first?.decode(0, as: Bool.self) == true {
                return PostgresOutboxLease(connection: connection, logger: self.logger)
            }
            self.spare = connection
            return nil
        } catch {
            throw FalhaDeArmazenamento(error)
        }
    }

    private func session() async throws(PostgresError) -> PostgresConnection {
        if let spare {
            self.spare = nil
            if await spare.isUsable() { return spare }
        }
        return try await PostgresConnection.connect(self.configuration)
    }
}
