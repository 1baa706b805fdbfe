package import Postgres
package import Storage

/// The outbox in PostgreSQL.
package struct PostgresOutboxRepository: OutboxRepository {
    private let client: PostgresClient

    package init(client: PostgresClient) {
        self.client = client
    }

    /// In the order of `seq`, skipping rows that another instance deletes at the same moment: after a sweep two may hold the same rows.
    ///
    /// The rows are named by their places (`ctid`), which never change, because the rows are never updated. Joined by `seq`, a plan cached
    /// while the table was empty scans all of it, dead rows included.
    package func delete(_ seqs: [Int64]) async throws(StorageFailure) {
        do throws(PostgresError) {
            try await self.client.query(
                """
                delete from outbox where ctid = any(array(
                    select ctid from outbox where seq = any(\(seqs)) order by seq for update skip locked
                ))
                """
            )
        } catch {
            throw StorageFailure(error)
        }
    }

    package func backlog(countedMax: Int64) async throws(StorageFailure) -> OutboxBacklog {
        do throws(PostgresError) {
            let rows = try await self.client.query(
                """
                select case when contados < \(countedMax) then contados
                            else greatest(contados, (select max(seq) - min(seq) + 1 from outbox)) end,
                       (select (extract(epoch from clock_timestamp() - criado_em) * 1000)::bigint from outbox order by seq limit 1)
                from (select count(*) as contados from (select from outbox limit \(countedMax)) o) c
                """
            )
            guard let row = rows.first else { return OutboxBacklog(pending: 0, oldestAge: .zero) }
            let age = try row.decodeIfPresent(1, as: Int64.self) ?? 0
            return OutboxBacklog(pending: try row.decode(0), oldestAge: .milliseconds(max(0, age)))
        } catch {
            throw StorageFailure(error)
        }
    }
}
