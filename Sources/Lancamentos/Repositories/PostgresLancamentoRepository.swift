package import FluxoDeCaixa
package import Logging
package import Postgres

/// Entries and their outbox records in PostgreSQL.
package struct PostgresLancamentoRepository: LancamentoRepository {
    private let client: PostgresClient
    private let reads: PostgresClient
    private let logger: Logger

    /// - Parameters:
    ///   - client: writes, and settles what was written.
    ///   - reads: everything else, so that no number of readers holds back who writes. It should plan each run: the best plan of a list depends on
    ///     its filter.
    package init(client: PostgresClient, reads: PostgresClient, logger: Logger) {
        self.client = client
        self.reads = reads
        self.logger = logger
    }

    /// One statement in its own transaction. The sort fixes the order in which concurrent batches lock keys: unsorted they deadlock.
    package func register(_ registros: [Registration]) async throws(FalhaDeArmazenamento) -> [LancamentoID: Int64] {
        let entries = registros.map(\.lancamento)
        let query: PostgresQuery = """
            with e as materialized (
                select * from unnest(
                    \(entries.map { PostgresUUID($0.id.bits) }), \(entries.map(\.conta.nome)), \(entries.map(\.tipo.rawValue)),
                    \(entries.map(\.valor.centavos)), \(entries.map { PostgresDate(daysSince2000: $0.data.diasDesde2000) }),
                    \(entries.map(\.natureza.rawValue)), \(entries.map(\.descricao)), \(entries.map(\.categoria)),
                    \(entries.map(\.referencia)), \(entries.map { LancamentoRow.json($0.metadados) }), \(entries.map(\.registradoPor)),
                    \(entries.map(\.canal.rawValue)), \(entries.map(\.chave?.texto)),
                    \(registros.map { $0.conteudo.map { PostgresBytes($0) } }),
                    \(entries.map { $0.estornoDe.map { PostgresUUID($0.bits) } }), \(registros.map(\.traceparent))
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
        let rows = try await self.run(query) { row throws(PostgresError) in
            (LancamentoID(bits: try row.decode(1, as: PostgresUUID.self).bits), try row.decode(0, as: Int64.self))
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// A statement of its own after the insert's commit: the insert's snapshot cannot see the winner of a conflict.
    package func settle(_ registros: [Registration]) async throws(FalhaDeArmazenamento) -> [Registration?] {
        let entries = registros.map(\.lancamento)
        let query: PostgresQuery = """
            select p.posicao, l.id, l.conta, l.tipo, l.valor, l.data, l.natureza, l.descricao, l.categoria, l.referencia,
                   l.metadados::text, l.registrado_por, l.canal, l.chave, l.estorno_de, r.id, l.conteudo
            from unnest(
                    \(entries.map { PostgresUUID($0.id.bits) }), \(entries.map(\.conta.nome)), \(entries.map(\.chave?.texto)),
                    \(entries.map { $0.estornoDe.map { PostgresUUID($0.bits) } })
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
        let rows = try await self.run(query) { row throws(PostgresError) in
            (position: Int(try row.decode(0, as: Int64.self)) - 1, stored: try LancamentoRow.decode(row, from: 1))
        }
        for row in rows { found[row.position] = row.stored }
        return found
    }

    package func find(_ id: LancamentoID) async throws(FalhaDeArmazenamento) -> Lancamento? {
        let query: PostgresQuery = """
            select l.id, l.conta, l.tipo, l.valor, l.data, l.natureza, l.descricao, l.categoria, l.referencia,
                   l.metadados::text, l.registrado_por, l.canal, l.chave, l.estorno_de, r.id, null::bytea
            from lancamentos l left join lancamentos r on r.estorno_de = l.id
            where l.id = \(PostgresUUID(id.bits))
            """
        return try await self.run(query, on: self.reads) { row throws(PostgresError) in try LancamentoRow.decode(row).lancamento }.first
    }

    package func list(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: LancamentoID?, limit: Int
    ) async throws(FalhaDeArmazenamento) -> [Lancamento] {
        let id = last.map { PostgresUUID($0.bits) }
        let page: PostgresQuery =
            switch order {
            case .newestFirst: "and (\(id)::uuid is null or l.id < \(id)) order by l.id desc limit \(Int64(limit))"
            case .oldestFirst: "and (\(id)::uuid is null or l.id > \(id)) order by l.id limit \(Int64(limit))"
            }
        let query: PostgresQuery =
            """
            select l.id, l.conta, l.tipo, l.valor, l.data, l.natureza, l.descricao, l.categoria, l.referencia,
                   l.metadados::text, l.registrado_por, l.canal, l.chave, l.estorno_de, r.id, null::bytea
            from lancamentos l left join lancamentos r on r.estorno_de = l.id
            where
            """
        return try await self.run(query + Self.conditions(filtro) + page, on: self.reads) { row throws(PostgresError) in
            try LancamentoRow.decode(row).lancamento
        }
    }

    /// What is not asked for is null and vanishes when the statement is planned for its values.
    private static func conditions(_ filtro: FiltroDeLancamentos) -> PostgresQuery {
        var one: String?
        var below: (desde: String, antesDe: String)?
        // Equality for one account: only then does an index on (conta, id) give the order.
        if case .uma(let conta) = filtro.conta { one = conta.nome } else { below = filtro.conta.intervalo }
        let de = filtro.de.map { PostgresDate(daysSince2000: $0.diasDesde2000) }
        let ate = filtro.ate.map { PostgresDate(daysSince2000: $0.diasDesde2000) }
        return """
            (\(one)::text is null or l.conta = \(one)::text collate "C")
            and (\(below?.desde)::text is null
                 or (l.conta >= \(below?.desde)::text collate "C" and l.conta < \(below?.antesDe)::text collate "C"))
            and (\(de)::date is null or l.data >= \(de))
            and (\(ate)::date is null or l.data <= \(ate))
            and (\(filtro.tipo?.rawValue)::text is null or l.tipo = \(filtro.tipo?.rawValue)::text collate "C")
            and (\(filtro.natureza?.rawValue)::text is null or l.natureza = \(filtro.natureza?.rawValue)::text collate "C")
            and (\(filtro.categoria)::text is null or l.categoria = \(filtro.categoria))
            and (\(filtro.referencia)::text is null or l.referencia = \(filtro.referencia))
            and (\(filtro.chave?.texto)::text is null or l.chave = \(filtro.chave?.texto)::text collate "C")
            """
    }

    private func run<Value>(
        _ query: PostgresQuery,
        on client: PostgresClient? = nil,
        _ decode: (PostgresRow) throws(PostgresError) -> Value
    ) async throws(FalhaDeArmazenamento) -> [Value] {
        do throws(PostgresError) {
            var values: [Value] = []
            for row in try await (client ?? self.client).query(query) { values.append(try decode(row)) }
            return values
        } catch {
            self.logger.debug("query failed", metadata: ["error": "\(error)"])
            throw FalhaDeArmazenamento(error)
        }
    }
}

extension FalhaDeArmazenamento {
    /// Sorts an error of the database by what it leaves open.
    init(_ error: PostgresError) {
        if error.outcomeIsUnknown {
            self = .desfechoDesconhecido
        } else if error.isDataError {
            self = .dados
        } else if error.code == .poolExhausted {
            self = .sobrecarga
        } else {
            self = .indisponivel
        }
    }
}
