package import FluxoDeCaixa
package import Logging
package import Postgres
package import Storage

/// Entries by the instant of their registration, and the state of the outbox: what the repair tools read.
package struct PostgresEntryArchive: EntryArchive {
    private let client: PostgresClient
    private let logger: Logger

    /// - Parameter client: should plan each run, and let a statement run as long as the largest outbox takes.
    package init(client: PostgresClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    package func entries(_ range: Range<LancamentoID>, limit: Int) async throws(StorageFailure) -> [Registration] {
        let query: PostgresQuery = """
            select id, conta, tipo, valor, data, natureza, descricao, categoria, referencia, metadados::text, registrado_por, canal, chave,
                   estorno_de, null::uuid, null::bytea
            from lancamentos where id >= \(range.lowerBound) and id < \(range.upperBound) order by id limit \(Int64(limit))
            """
        return try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in try Registration(&columns) }
    }

    package func count(_ range: Range<LancamentoID>) async throws(StorageFailure) -> Int64 {
        let query: PostgresQuery = "select count(*) from lancamentos where id >= \(range.lowerBound) and id < \(range.upperBound)"
        return try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in
            try columns.next(Int64.self)
        }.first ?? 0
    }

    package func outbox(youngerThan age: Duration) async throws(StorageFailure) -> OutboxStatus {
        let milliseconds = Int64(age / .milliseconds(1))
        let query: PostgresQuery = """
            select count(*), count(*) filter (where l.id is null), count(*) filter (where o.criado_em > o.agora - o.idade),
                   coalesce((extract(epoch from max(o.agora - o.criado_em)) * 1000)::bigint, 0), coalesce(max(o.seq), 0)
            from (select *, clock_timestamp() as agora, \(milliseconds) * interval '1 millisecond' as idade from outbox) o
            left join lancamentos l on l.id = o.id
            """
        let rows = try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in
            OutboxStatus(
                pending: try columns.next(), withoutEntry: try columns.next(), young: try columns.next(),
                oldestAge: .milliseconds(max(0, try columns.next(Int64.self))), lastSeq: try columns.next())
        }
        guard let status = rows.first else { throw .unavailable }
        return status
    }

    package func pending(upTo seq: Int64) async throws(StorageFailure) -> Int64 {
        let query: PostgresQuery = "select count(*) from outbox where seq <= \(seq)"
        return try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in
            try columns.next(Int64.self)
        }.first ?? 0
    }
}
