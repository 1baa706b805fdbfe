package import Contrato
package import FluxoDeCaixa
package import Logging
package import Postgres
package import Storage

/// Corrects balances and what was applied. Each call is one statement that commutes with what consumers write at the same time, and that raises
/// the version of each account that it changes.
package struct PostgresBalanceRepair: AppliedEntries {
    /// Accounts whose first and last day are corrected by one statement.
    private static let wrongDatesMax = 1000

    private let client: PostgresClient
    private let logger: Logger

    package init(client: PostgresClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// Adds the corrections of differences to days, months and accounts, in the lock order of ``PostgresSaldoRepository/apply(_:)``.
    ///
    /// Must run once for each difference: the same correction added twice is a new difference.
    package func correct(_ differences: [BalanceDifference]) async throws(StorageFailure) {
        let sums = differences.filter { $0.correction != nil }
        let query: PostgresQuery = """
            with d as materialized (
                select nivel, conta collate "C" as conta, data, campo, mais from unnest(
                    \(sums.map(\.level.rawValue)), \(sums.map(\.conta)), \(sums.map(\.data)), \(sums.map(\.campo)),
                    \(sums.compactMap(\.correction))
                ) as d (nivel, conta, data, campo, mais)
            ), da_conta as (
                -- An account that lost its row had a version of at most the number of entries that it lacks now: each batch raised it by one.
                insert into contas as c (conta, versao, saldo, primeira_data, ultima_data, quantidade)
                select conta,
                       greatest(coalesce(sum(mais) filter (where nivel = 1 and campo = 'quantidade'), 0), 0)::bigint + 1,
                       coalesce(sum(mais) filter (where nivel = 1 and campo = 'saldo'), 0),
                       coalesce(min(data), (select min(data) from saldos_diarios s where s.conta = d.conta), current_date),
                       coalesce(max(data), (select max(data) from saldos_diarios s where s.conta = d.conta), current_date),
                       coalesce(sum(mais) filter (where nivel = 1 and campo = 'quantidade'), 0)::bigint
                from d group by conta order by conta
                on conflict (conta) do update set
                    versao = greatest(c.versao + 1, excluded.versao),
                    saldo = c.saldo + excluded.saldo,
                    quantidade = c.quantidade + excluded.quantidade
                returning conta, versao
            ), do_dia as (
                insert into saldos_diarios as s (conta, data, creditos, debitos, transferencias_entrada, transferencias_saida,
                                                 quantidade_creditos, quantidade_debitos, atualizado_em)
                select d.conta, d.data,
                       coalesce(sum(mais) filter (where campo = 'creditos'), 0), coalesce(sum(mais) filter (where campo = 'debitos'), 0),
                       coalesce(sum(mais) filter (where campo = 'transferencias_entrada'), 0),
                       coalesce(sum(mais) filter (where campo = 'transferencias_saida'), 0),
                       coalesce(sum(mais) filter (where campo = 'quantidade_creditos'), 0)::bigint,
                       coalesce(sum(mais) filter (where campo = 'quantidade_debitos'), 0)::bigint, clock_timestamp()
                from d join da_conta using (conta) where nivel = 3
                group by d.conta, d.data order by d.conta, d.data
                on conflict (conta, data) do update set
                    creditos = s.creditos + excluded.creditos,
                    debitos = s.debitos + excluded.debitos,
                    transferencias_entrada = s.transferencias_entrada + excluded.transferencias_entrada,
                    transferencias_saida = s.transferencias_saida + excluded.transferencias_saida,
                    quantidade_creditos = s.quantidade_creditos + excluded.quantidade_creditos,
                    quantidade_debitos = s.quantidade_debitos + excluded.quantidade_debitos,
                    atualizado_em = greatest(s.atualizado_em, clock_timestamp())
                returning conta, data
            ), avisos as (
                insert into atualizacoes as a (conta, data, versao)
                select conta, data, versao from do_dia join da_conta using (conta) order by conta, data
                on conflict (conta, data) do update set versao = greatest(a.versao, excluded.versao), nao_antes = null
            ), do_mes as (
                insert into totais_mensais as m (conta, mes, saldo)
                select d.conta, d.data, sum(mais) from d join da_conta using (conta) where nivel = 2
                group by d.conta, d.data order by d.conta, d.data
                on conflict (conta, mes) do update set saldo = m.saldo + excluded.saldo
            )
            select conta from da_conta
            """
        _ = try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in try columns.next(Conta.self) }
    }

    /// Removes applied entries and subtracts them from days, months and accounts.
    /// - Returns: how many were there.
    package func remove(_ ids: [LancamentoID]) async throws(StorageFailure) -> Int {
        let query: PostgresQuery = """
            with removidos as (
                delete from lancamentos_aplicados where id = any(\(ids))
                returning id, conta, data, natureza,
                          case tipo when 'credito' then valor end as credito, case tipo when 'debito' then valor end as debito
            ), da_conta as (
                insert into contas as c (conta, versao, saldo, primeira_data, ultima_data, quantidade)
                select conta, 1, coalesce(sum(debito), 0) - coalesce(sum(credito), 0), min(data), max(data), -count(*)
                from removidos group by conta order by conta
                on conflict (conta) do update set
                    versao = c.versao + 1, saldo = c.saldo + excluded.saldo, quantidade = c.quantidade + excluded.quantidade
                returning conta, versao
            ), dias as (
                select r.conta, r.data,
                       -coalesce(sum(credito), 0) as creditos, -coalesce(sum(debito), 0) as debitos,
                       -coalesce(sum(credito) filter (where natureza = 'transferencia'), 0) as transferencias_entrada,
                       -coalesce(sum(debito) filter (where natureza = 'transferencia'), 0) as transferencias_saida,
                       -count(credito) as quantidade_creditos, -count(debito) as quantidade_debitos
                from removidos r join da_conta using (conta)
                group by r.conta, r.data
            ), do_dia as (
                insert into saldos_diarios as s (conta, data, creditos, debitos, transferencias_entrada, transferencias_saida,
                                                 quantidade_creditos, quantidade_debitos, atualizado_em)
                select conta, data, creditos, debitos, transferencias_entrada, transferencias_saida, quantidade_creditos, quantidade_debitos,
                       clock_timestamp()
                from dias order by conta, data
                on conflict (conta, data) do update set
                    creditos = s.creditos + excluded.creditos,
                    debitos = s.debitos + excluded.debitos,
                    transferencias_entrada = s.transferencias_entrada + excluded.transferencias_entrada,
                    transferencias_saida = s.transferencias_saida + excluded.transferencias_saida,
                    quantidade_creditos = s.quantidade_creditos + excluded.quantidade_creditos,
                    quantidade_debitos = s.quantidade_debitos + excluded.quantidade_debitos,
                    atualizado_em = greatest(s.atualizado_em, clock_timestamp())
                returning conta, data
            ), avisos as (
                insert into atualizacoes as a (conta, data, versao)
                select conta, data, versao from do_dia join da_conta using (conta) order by conta, data
                on conflict (conta, data) do update set versao = greatest(a.versao, excluded.versao), nao_antes = null
            ), do_mes as (
                insert into totais_mensais as m (conta, mes, saldo)
                select conta, date_trunc('month', data::timestamp)::date as mes, sum(creditos - debitos)
                from dias group by conta, mes order by conta, mes
                on conflict (conta, mes) do update set saldo = m.saldo + excluded.saldo
            )
            select id from removidos
            """
        return try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in
            try columns.next(LancamentoID.self)
        }.count
    }

    /// Corrects the first and last day of accounts. It changes only accounts whose version is still the one that was read.
    /// - Returns: how many accounts are still wrong, because a consumer changed them meanwhile.
    package func correctDates(_ conta: Conta?) async throws(StorageFailure) -> Int {
        let query: PostgresQuery = """
            select c.conta, c.versao, d.primeira, d.ultima
            from contas c
            cross join lateral (
                select min(data) as primeira, max(data) as ultima from saldos_diarios
                where conta = c.conta and quantidade_creditos + quantidade_debitos > 0
            ) d
            where d.primeira is not null and (d.primeira, d.ultima) is distinct from (c.primeira_data, c.ultima_data)
              and (\(conta)::text is null or c.conta = \(conta)::text collate "C")
            order by c.conta limit \(Int64(Self.wrongDatesMax))
            """
        let wrong = try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in
            (
                conta: try columns.next(Conta.self), versao: try columns.next(Int64.self), first: try columns.next(Dia.self),
                last: try columns.next(Dia.self)
            )
        }
        guard !wrong.isEmpty else { return 0 }
        let update: PostgresQuery = """
            with d as materialized (
                select conta collate "C" as conta, versao, primeira, ultima from unnest(
                    \(wrong.map(\.conta)), \(wrong.map(\.versao)), \(wrong.map(\.first)), \(wrong.map(\.last))
                ) as d (conta, versao, primeira, ultima)
            ), travadas as materialized (
                select c.conta, d.primeira, d.ultima from contas c join d on c.conta = d.conta and c.versao = d.versao
                order by c.conta for update of c
            )
            update contas c set versao = c.versao + 1, primeira_data = t.primeira, ultima_data = t.ultima
            from travadas t where c.conta = t.conta
            returning c.conta
            """
        let corrected = try await self.client.run(update, logger: self.logger) { columns throws(PostgresError) in
            try columns.next(Conta.self)
        }
        // A full page may have more behind it.
        return wrong.count == Self.wrongDatesMax ? max(1, wrong.count - corrected.count) : wrong.count - corrected.count
    }

    /// Applied entries in the order of their ids.
    package func applied(
        _ range: Range<LancamentoID>, _ scope: AuditScope, limit: Int
    ) async throws(StorageFailure) -> [LancamentoAplicavel] {
        let query: PostgresQuery = """
            select id, conta, data, tipo, natureza, valor, estorno_de from lancamentos_aplicados
            where id >= \(range.lowerBound) and id < \(range.upperBound)
              and (\(scope.conta)::text is null or conta = \(scope.conta)::text collate "C")
              and (\(scope.de)::date is null or data >= \(scope.de)) and (\(scope.ate)::date is null or data <= \(scope.ate))
            order by id limit \(Int64(limit))
            """
        return try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in
            LancamentoAplicavel(
                id: try columns.next(), conta: try columns.next(), data: try columns.next(), tipo: try columns.next(),
                natureza: try columns.next(), valor: try columns.next(), estornoDe: try columns.nextIfPresent())
        }
    }
}
