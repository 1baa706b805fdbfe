package import FluxoDeCaixa
package import Logging
package import Postgres
package import Storage

/// Totals of entries from PostgreSQL.
package struct PostgresTotaisRepository: TotaisRepository {
    private let client: PostgresClient
    private let logger: Logger

    /// - Parameter client: should plan each run: the best plan depends on the filter.
    package init(client: PostgresClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// One statement. The index on (conta, data, id) finds the entries of an account's period.
    package func totais(
        _ filtro: FiltroDeLancamentos, por: [TotaisDeLancamentos.Agrupamento], groupsMax: Int, until deadline: ContinuousClock.Instant
    ) async throws(StorageFailure) -> TotaisDeLancamentos? {
        let first = Self.expression(por.first)
        let second = Self.expression(por.dropFirst().first)
        let sums: PostgresQuery = """
                   coalesce(sum(l.valor) filter (where l.tipo = 'credito'), 0)::numeric as creditos,
                   coalesce(sum(l.valor) filter (where l.tipo = 'debito'), 0)::numeric as debitos,
                   count(*) filter (where l.tipo = 'credito') as quantidade_creditos,
                   count(*) filter (where l.tipo = 'debito') as quantidade_debitos
            from lancamentos l
            where
            """
        let grouped: PostgresQuery = "select * from (select " + first + " as primeiro, " + second + " as segundo, " + sums
        let order: PostgresQuery = """
            group by 1, 2) g order by primeiro collate "C", segundo collate "C" limit \(Int64(groupsMax + 1))
            """
        let query = grouped + PostgresLancamentoRepository.conditions(filtro) + order
        let groups = try await self.client.run(query, until: deadline, logger: self.logger) { columns throws(PostgresError) in
            let values: [String?] = [try columns.nextIfPresent(), try columns.nextIfPresent()]
            return TotaisDeLancamentos.Grupo(
                valores: Array(values.prefix(por.count)),
                soma: .init(
                    totalCreditos: try columns.next(), totalDebitos: try columns.next(), quantidadeCreditos: try columns.next(),
                    quantidadeDebitos: try columns.next()))
        }
        return groups.count > groupsMax ? nil : TotaisDeLancamentos(por: por, grupos: groups)
    }

    private static func expression(_ agrupamento: TotaisDeLancamentos.Agrupamento?) -> PostgresQuery {
        switch agrupamento {
        case nil: "null::text"
        case .categoria: "l.categoria"
        case .natureza: "l.natureza"
        case .tipo: "l.tipo"
        case .conta: "l.conta"
        case .dia: "to_char(l.data, 'YYYY-MM-DD')"
        case .semana: "to_char(date_trunc('week', l.data::timestamp), 'YYYY-MM-DD')"
        case .mes: "to_char(l.data, 'YYYY-MM')"
        }
    }
}
