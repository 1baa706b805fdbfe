package import Contrato
package import FluxoDeCaixa
package import Logging
package import Postgres
import Storage

/// The writing side of balances in PostgreSQL.
package struct PostgresSaldoRepository: SaldoRepository {
    private let client: PostgresClient
    private let logger: Logger

    package init(client: PostgresClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// One statement in its own transaction.
    ///
    /// Sums are made only from what the insert returned, so that an entry applied before changes nothing. Every table is written in the
    /// order of its key, and the days are joined with the accounts, so that the account is locked first. Unsorted, concurrent consumers
    /// deadlock. The days that changed go into `atualizacoes`; the sender of news skips locked rows when it deletes them.
    package func apply(_ entries: [LancamentoAplicavel]) async throws(ApplyFailure) -> Set<LancamentoID> {
        let query: PostgresQuery = """
            with e as materialized (
                select * from unnest(
                    \(entries.map(\.id)), \(entries.map(\.conta)), \(entries.map(\.data)), \(entries.map(\.tipo)), \(entries.map(\.natureza)),
                    \(entries.map(\.valor)), \(entries.map(\.estornoDe))
                ) as e (id, conta, data, tipo, natureza, valor, estorno_de)
            ), novos as (
                insert into lancamentos_aplicados (id, conta, data, tipo, natureza, valor, estorno_de)
                select id, conta, data, tipo, natureza, valor, estorno_de from e order by id
                on conflict do nothing
                returning id, conta, data, natureza,
                          case tipo when 'credito' then valor end as credito, case tipo when 'debito' then valor end as debito
            ), da_conta as (
                insert into contas as c (conta, versao, saldo, primeira_data, ultima_data, quantidade)
                select conta, 1, coalesce(sum(credito), 0) - coalesce(sum(debito), 0), min(data), max(data), count(*)
                from novos group by conta order by conta
                on conflict (conta) do update set
                    versao = c.versao + 1,
                    saldo = c.saldo + excluded.saldo,
                    primeira_data = least(c.primeira_data, excluded.primeira_data),
                    ultima_data = greatest(c.ultima_data, excluded.ultima_data),
                    quantidade = c.quantidade + excluded.quantidade
                returning conta, versao
            ), dias as (
                select n.conta, n.data,
                       coalesce(sum(credito), 0) as creditos, coalesce(sum(debito), 0) as debitos,
                       coalesce(sum(credito) filter (where natureza = 'transferencia'), 0) as transferencias_entrada,
                       coalesce(sum(debito) filter (where natureza = 'transferencia'), 0) as transferencias_saida,
                       count(credito) as quantidade_creditos, count(debito) as quantidade_debitos
                from novos n join da_conta using (conta)
                group by n.conta, n.data
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
            select id from novos
            """
        return Set(try await self.run(query) { columns throws(PostgresError) in try columns.next() })
    }

    /// Looked up one by one, as in ``PostgresSaldoReadRepository/contasDosAplicados(_:)``.
    package func applied(_ ids: [LancamentoID]) async throws(ApplyFailure) -> [LancamentoID: LancamentoAplicavel] {
        let query: PostgresQuery = """
            select a.id, a.conta, a.data, a.tipo, a.natureza, a.valor, a.estorno_de
            from unnest(\(ids)) as procurados (id)
            cross join lateral (select * from lancamentos_aplicados where id = procurados.id limit 1) a
            """
        let entries = try await self.run(query) { columns throws(PostgresError) in
            LancamentoAplicavel(
                id: try columns.next(), conta: try columns.next(), data: try columns.next(), tipo: try columns.next(),
                natureza: try columns.next(), valor: try columns.next(), estornoDe: try columns.nextIfPresent()
            )
        }
        return Dictionary(entries.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }
    /// Tries to lock each row that a batch of these entries would change, in the order of the tables there, and skips what is held. Rows that
    /// do not exist yet are not held. The locks end with the statement.
    package func lockedAccounts(of entries: [LancamentoAplicavel]) async throws(ApplyFailure) -> Set<Conta> {
        let query: PostgresQuery = """
            select distinct e.conta
            from (
                select distinct conta, data, date_trunc('month', data::timestamp)::date as mes
                from unnest(\(entries.map(\.conta)), \(entries.map(\.data))) as e (conta, data)
            ) e
            where exists (select from contas c where c.conta = e.conta)
                  and not exists (select from contas c where c.conta = e.conta for no key update skip locked)
               or exists (select from saldos_diarios s where s.conta = e.conta and s.data = e.data)
                  and not exists (select from saldos_diarios s where s.conta = e.conta and s.data = e.data for no key update skip locked)
               or exists (select from atualizacoes a where a.conta = e.conta and a.data = e.data)
                  and not exists (select from atualizacoes a where a.conta = e.conta and a.data = e.data for no key update skip locked)
               or exists (select from totais_mensais m where m.conta = e.conta and m.mes = e.mes)
                  and not exists (select from totais_mensais m where m.conta = e.conta and m.mes = e.mes for no key update skip locked)
            """
        return Set(try await self.run(query) { columns throws(PostgresError) in try columns.next() })
    }

    private func run<Value>(
        _ query: PostgresQuery, _ read: (inout PostgresColumns) throws(PostgresError) -> Value
    ) async throws(ApplyFailure) -> [Value] {
        do throws(PostgresError) {
            return try await self.client.query(query).read(read)
        } catch {
            self.logger.debug("query failed", metadata: ["error": "\(error)"])
            throw ApplyFailure(error)
        }
    }
}

extension ApplyFailure {
    /// Damaged data and internal errors (XX), program limits (54), errors that triggers raise (P0), and views with a check option (44).
    private static let classesOfOneAccount: Set<Substring> = ["XX", "54", "P0", "44"]

    init(_ error: PostgresError) {
        if error.outcomeIsUnknown {
            self = .unavailable
        } else if error.isDataError {
            self = .invalidData
        } else if let state = error.sqlState, state == "55P03" || state.hasPrefix("40") {
            self = .rowLocked
        } else if let state = error.sqlState, Self.classesOfOneAccount.contains(state.prefix(2)) {
            self = .refused
        } else {
            self = .unavailable
        }
    }
}
