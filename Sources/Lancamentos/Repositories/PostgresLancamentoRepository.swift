package import FluxoDeCaixa
package import Logging
import NIOConcurrencyHelpers
package import Postgres
package import Storage

/// Entries and their outbox records in PostgreSQL.
package struct PostgresLancamentoRepository: LancamentoRepository {
    let client: PostgresClient
    let reads: PostgresClient
    let logger: Logger
    /// What the last writes have shown.
    let writes = NIOLockedValueBox(Writes())

    struct Writes: Sendable {
        /// The server refused the last write that it answered.
        var areRefused = false
        /// The outcome of a write is unknown: its transaction may be open.
        var mayBeOpen = false
    }

    /// - Parameters:
    ///   - client: for inserting and settling.
    ///   - reads: for everything else, so that readers never delay writers. It should plan each run: the best plan of a list depends on its
    ///     filter.
    package init(client: PostgresClient, reads: PostgresClient, logger: Logger) {
        self.client = client
        self.reads = reads
        self.logger = logger
    }

    /// One statement in its own transaction. The sort fixes the order in which concurrent batches lock keys; unsorted they deadlock.
    package func register(
        _ registros: [Registration], until deadline: ContinuousClock.Instant
    ) async throws(StorageFailure) -> [LancamentoID: Int64] {
        let entries = registros.map(\.lancamento)
        let query: PostgresQuery = """
            with e as materialized (
                select * from unnest(
                    \(entries.map(\.id)), \(entries.map(\.conta)), \(entries.map(\.tipo)), \(entries.map(\.valor)), \(entries.map(\.data)),
                    \(entries.map(\.natureza)), \(entries.map(\.descricao)), \(entries.map(\.categoria)), \(entries.map(\.referencia)),
                    \(entries.map { $0.metadados.isEmpty ? nil : $0.metadados }), \(entries.map(\.registradoPor)), \(entries.map(\.canal)),
                    \(entries.map(\.chave)), \(registros.map { $0.conteudo.map { PostgresBytes($0) } }), \(entries.map(\.estornoDe)),
                    \(registros.map(\.traceparent))
                ) as e (id, conta, tipo, valor, data, natureza, descricao, categoria, referencia, metadados, registrado_por, canal, chave,
                        conteudo, estorno_de, traceparent)
            ), l as (
                insert into lancamentos (id, conta, tipo, valor, data, natureza, descricao, categoria, referencia, metadados,
                                         registrado_por, canal, chave, conteudo, estorno_de)
                select id, conta, tipo, valor, data, natureza, descricao, categoria, referencia, metadados::jsonb,
                       registrado_por, canal, chave, conteudo, estorno_de
                from e
                order by conta collate "C", chave collate "C", estorno_de, id
                on conflict do nothing
                returning id
            )
            insert into outbox (id, traceparent)
            select l.id, e.traceparent from l join e on e.id = l.id
            returning seq, id
            """
        try await self.waitForEarlierWrites(until: deadline)
        do throws(StorageFailure) {
            let rows = try await self.client.run(query, until: deadline, logger: self.logger) { columns throws(PostgresError) in
                let seq: Int64 = try columns.next()
                let id: LancamentoID = try columns.next()
                return (id, seq)
            }
            self.writes.withLockedValue { $0.areRefused = false }
            return Dictionary(uniqueKeysWithValues: rows)
        } catch {
            if error == .refused { self.writes.withLockedValue { $0.areRefused = true } }
            if error == .outcomeUnknown { self.writes.withLockedValue { $0.mayBeOpen = true } }
            throw error
        }
    }

    /// A separate statement after the insert's commit, because the insert's snapshot cannot see the winner of a conflict.
    package func settle(
        _ registros: [Registration], until deadline: ContinuousClock.Instant
    ) async throws(StorageFailure) -> [Registration?] {
        let entries = registros.map(\.lancamento)
        let query: PostgresQuery = """
            select p.posicao, l.id, l.conta, l.tipo, l.valor, l.data, l.natureza, l.descricao, l.categoria, l.referencia,
                   l.metadados::text, l.registrado_por, l.canal, l.chave, l.estorno_de, r.id, l.conteudo
            from unnest(
                    \(entries.map(\.id)), \(entries.map(\.conta)), \(entries.map(\.chave)), \(entries.map(\.estornoDe))
                 ) with ordinality as p (id, conta, chave, estorno_de, posicao)
            cross join lateral (
                select * from (
                    select 1 as preferencia, a.* from lancamentos a where a.id = p.id
                    union all
                    select 2, b.* from lancamentos b where b.conta = p.conta and b.chave = p.chave
                    union all
                    select 3, c.* from lancamentos c where c.estorno_de = p.estorno_de
                ) candidatos
                order by preferencia limit 1
            ) l
            left join lancamentos r on r.estorno_de = l.id
            """
        var found = [Registration?](repeating: nil, count: registros.count)
        let rows = try await self.client.run(query, until: deadline, logger: self.logger) { columns throws(PostgresError) in
            (position: Int(try columns.next(Int64.self)) - 1, stored: try Registration(&columns))
        }
        for row in rows { found[row.position] = row.stored }
        return found
    }

    package func find(_ id: LancamentoID, until deadline: ContinuousClock.Instant) async throws(StorageFailure) -> Lancamento? {
        let query: PostgresQuery = """
            select l.id, l.conta, l.tipo, l.valor, l.data, l.natureza, l.descricao, l.categoria, l.referencia,
                   l.metadados::text, l.registrado_por, l.canal, l.chave, l.estorno_de, r.id, null::bytea
            from lancamentos l left join lancamentos r on r.estorno_de = l.id
            where l.id = \(id)
            """
        return try await self.reads.run(query, until: deadline, logger: self.logger) { columns throws(PostgresError) in
            try Registration(&columns).lancamento
        }.first
    }

    package func list(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: ListPosition?, limit: Int, until deadline: ContinuousClock.Instant?
    ) async throws(StorageFailure) -> [Lancamento] {
        let (id, data) = (last?.id, last?.data)
        let page: PostgresQuery =
            switch order {
            case .newestFirst: "and (\(id)::uuid is null or l.id < \(id)) order by l.id desc"
            case .oldestFirst: "and (\(id)::uuid is null or l.id > \(id)) order by l.id"
            case .latestDayFirst:
                "and (\(id)::uuid is null or (l.data, l.id) < (\(data)::date, \(id)::uuid)) order by l.data desc, l.id desc"
            case .earliestDayFirst: "and (\(id)::uuid is null or (l.data, l.id) > (\(data)::date, \(id)::uuid)) order by l.data, l.id"
            }
        let query: PostgresQuery =
            """
            select l.id, l.conta, l.tipo, l.valor, l.data, l.natureza, l.descricao, l.categoria, l.referencia,
                   l.metadados::text, l.registrado_por, l.canal, l.chave, l.estorno_de, r.id, null::bytea
            from lancamentos l left join lancamentos r on r.estorno_de = l.id
            where
            """
        let read = query + Self.conditions(filtro) + page + " limit \(Int64(limit))"
        return try await self.reads.run(read, until: deadline, logger: self.logger) { columns throws(PostgresError) in
            try Registration(&columns).lancamento
        }
    }

    /// Conditions that the filter leaves out are null, and the planner removes them when it plans for these values.
    static func conditions(_ filtro: FiltroDeLancamentos) -> PostgresQuery {
        var one: Conta?
        var below: (desde: String, antesDe: String)?
        // Equality for one account: only then does an index on (conta, id) give the order.
        if case .uma(let conta) = filtro.conta { one = conta } else { below = filtro.conta.intervalo }
        return """
            (\(one)::text is null or l.conta = \(one)::text collate "C")
            and (\(below?.desde)::text is null
                 or (l.conta >= \(below?.desde)::text collate "C" and l.conta < \(below?.antesDe)::text collate "C"))
            and (\(filtro.de)::date is null or l.data >= \(filtro.de))
            and (\(filtro.ate)::date is null or l.data <= \(filtro.ate))
            and (\(filtro.tipo)::text is null or l.tipo = \(filtro.tipo)::text collate "C")
            and (\(filtro.natureza)::text is null or l.natureza = \(filtro.natureza)::text collate "C")
            and (\(filtro.categoria)::text is null or l.categoria = \(filtro.categoria))
            and (\(filtro.referencia)::text is null or l.referencia = \(filtro.referencia))
            and (\(filtro.chave)::text is null or l.chave = \(filtro.chave)::text collate "C")
            """
    }
}
