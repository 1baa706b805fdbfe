import FluxoDeCaixa
package import Postgres

/// A session of its own that holds an advisory lock: a lost connection is a lost lock, and the server ends the session of a stopped process.
package struct PostgresOutboxLease: OutboxLease {
    private let connection: PostgresConnection

    fileprivate init(connection: PostgresConnection) {
        self.connection = connection
    }

    package func claim(above low: Int64, minimumAge: Duration, limit: Int64) async throws(FalhaDeArmazenamento) -> [PendingEvent] {
        do throws(PostgresError) {
            let age = Int64(minimumAge / .milliseconds(1))
            let rows = try await self.connection.query(
                """
                select o.seq, o.traceparent, l.id, l.conta, l.tipo, l.valor, l.data, l.natureza, l.descricao, l.categoria, l.referencia,
                       l.metadados::text, l.registrado_por, l.canal, l.chave, l.estorno_de, null::uuid, l.conteudo
                from (
                    select seq, id, traceparent from outbox
                    where seq > \(low) and criado_em < clock_timestamp() - \(age) * interval '1 millisecond'
                    order by seq limit \(limit)
                ) o
                join lancamentos l on l.id = o.id
                order by o.seq
                """
            )
            var events: [PendingEvent] = []
            for row in rows {
                events.append(
                    PendingEvent(
                        seq: try row.decode(0),
                        lancamento: try LancamentoRow.decode(row, from: 2).lancamento,
                        traceparent: try row.decodeIfPresent(1)
                    )
                )
            }
            return events
        } catch {
            throw FalhaDeArmazenamento(error)
        }
    }

    package func release() async {
        await self.connection.close()
    }
}

/// Opens the sessions for ``PostgresOutboxLease``.
package struct PostgresOutboxLeaseSource: OutboxLeaseSource {
    /// Any number; the same for every instance.
    private static let lockKey: Int64 = 7_235_911_408_223_145_002

    private let configuration: PostgresConfiguration

    /// - Parameter configuration: the database; its session timeout is replaced.
    package init(configuration: PostgresConfiguration) {
        var configuration = configuration
        // The sweeper looks every second; a session silent for so long belongs to a stopped process, and another instance may take over.
        configuration.idleSessionTimeout = .seconds(10)
        self.configuration = configuration
    }

    package func acquire() async throws(FalhaDeArmazenamento) -> (any OutboxLease)? {
        do throws(PostgresError) {
            let connection = try await PostgresConnection.connect(self.configuration)
            let rows = try await connection.query("select pg_try_advisory_lock(\(Self.lockKey))")
            if try rows.first?.decode(0, as: Bool.self) == true { return PostgresOutboxLease(connection: connection) }
            await connection.close()
            return nil
        } catch {
            throw FalhaDeArmazenamento(error)
        }
    }
}
