import FluxoDeCaixa
package import Logging
package import Postgres
package import Storage

/// Compares the balances with what was applied, in one snapshot, while consumers keep running.
package struct PostgresBalanceAudit: Sendable {
    private static let pageRowsMax: Int64 = 1000

    private let connection: PostgresConnection
    private let logger: Logger

    /// - Parameters:
    ///   - connection: used by nobody else. Its statements may run long: the first reads everything that was applied.
    ///   - logger: logs the database's error, which the thrown failure does not carry, at debug level.
    package init(connection: PostgresConnection, logger: Logger) {
        self.connection = connection
        self.logger = logger
    }

    /// Reports every difference, by account: of the days in the scope, and of the months and accounts as wholes.
    /// - Parameter found: called with at most a thousand differences at a time.
    package func run(
        _ scope: AuditScope, found: ([BalanceDifference]) async throws(StorageFailure) -> Void
    ) async throws(StorageFailure) {
        do throws(PostgresError) {
            try await self.connection.query("begin transaction isolation level repeatable read read only")
            try await self.connection.query(Self.differences(scope))
            while true {
                // A literal, like all SQL text: ``pageRowsMax`` rows.
                let rows = try await self.connection.query("fetch 1000 from diferencas")
                let page = try rows.read { columns throws(PostgresError) in try BalanceDifference(&columns) }
                if !page.isEmpty { try await self.report(page, found) }
                guard Int64(page.count) == Self.pageRowsMax else { break }
            }
            let dates = try await self.connection.query(Self.dates(scope)).read { columns throws(PostgresError) in
                try BalanceDifference(dates: &columns)
            }
            if !dates.isEmpty { try await self.report(dates, found) }
            try await self.connection.query("commit")
        } catch {
            self.logger.debug("comparison failed", metadata: ["error": "\(error)"])
            await self.connection.close()
            throw StorageFailure(error)
        }
    }

    /// A failure of the receiver ends the comparison as the loss of its connection would.
    private func report(
        _ page: [BalanceDifference], _ found: ([BalanceDifference]) async throws(StorageFailure) -> Void
    ) async throws(PostgresError) {
        do throws(StorageFailure) {
            try await found(page)
        } catch {
            throw PostgresError(unreadable: "the differences could not be received: \(error)")
        }
    }

    /// A row for each wrong number: of a day, of a month (`data` is its first day), of an account (no `data`).
    private static func differences(_ scope: AuditScope) -> PostgresQuery {
        """
        declare diferencas no scroll cursor for
        with aplicado as materialized (
            select conta, data,
                   coalesce(sum(valor) filter (where tipo = 'credito'), 0) as creditos,
                   coalesce(sum(valor) filter (where tipo = 'debito'), 0) as debitos,
                   coalesce(sum(valor) filter (where tipo = 'credito' and natureza = 'transferencia'), 0) as transferencias_entrada,
                   coalesce(sum(valor) filter (where tipo = 'debito' and natureza = 'transferencia'), 0) as transferencias_saida,
                   count(*) filter (where tipo = 'credito') as quantidade_creditos,
                   count(*) filter (where tipo = 'debito') as quantidade_debitos
            from lancamentos_aplicados
            where (\(scope.conta)::text is null or conta = \(scope.conta)::text collate "C")
            group by conta, data
        ), dias as (
            select coalesce(a.conta, g.conta) as conta, coalesce(a.data, g.data) as data, v.campo, v.esperado, v.guardado
            from (
                select * from aplicado
                where (\(scope.de)::date is null or data >= \(scope.de)) and (\(scope.ate)::date is null or data <= \(scope.ate))
            ) a full join (
                select * from saldos_diarios
                where (\(scope.conta)::text is null or conta = \(scope.conta)::text collate "C")
                  and (\(scope.de)::date is null or data >= \(scope.de)) and (\(scope.ate)::date is null or data <= \(scope.ate))
            ) g on a.conta = g.conta and a.data = g.data
            cross join lateral (values
                ('creditos', coalesce(a.creditos, 0)::numeric, coalesce(g.creditos, 0)),
                ('debitos', coalesce(a.debitos, 0), coalesce(g.debitos, 0)),
                ('transferencias_entrada', coalesce(a.transferencias_entrada, 0), coalesce(g.transferencias_entrada, 0)),
                ('transferencias_saida', coalesce(a.transferencias_saida, 0), coalesce(g.transferencias_saida, 0)),
                ('quantidade_creditos', coalesce(a.quantidade_creditos, 0), coalesce(g.quantidade_creditos, 0)),
                ('quantidade_debitos', coalesce(a.quantidade_debitos, 0), coalesce(g.quantidade_debitos, 0))
            ) v (campo, esperado, guardado)
            where v.esperado <> v.guardado
        ), por_mes as (
            select conta, date_trunc('month', data::timestamp)::date as mes, sum(creditos - debitos) as saldo
            from aplicado group by conta, mes
        ), meses as (
            select coalesce(p.conta, m.conta) as conta, coalesce(p.mes, m.mes) as data, 'saldo' as campo,
                   coalesce(p.saldo, 0) as esperado, coalesce(m.saldo, 0) as guardado
            from por_mes p full join (
                select * from totais_mensais where (\(scope.conta)::text is null or conta = \(scope.conta)::text collate "C")
            ) m on p.conta = m.conta and p.mes = m.mes
            where coalesce(p.saldo, 0) <> coalesce(m.saldo, 0)
        ), por_conta as (
            select conta, sum(creditos - debitos) as saldo, sum(quantidade_creditos + quantidade_debitos) as quantidade
            from aplicado group by conta
        ), da_conta as (
            select coalesce(p.conta, c.conta) as conta, v.campo, v.esperado, v.guardado
            from por_conta p full join (
                select * from contas where (\(scope.conta)::text is null or conta = \(scope.conta)::text collate "C")
            ) c on p.conta = c.conta
            cross join lateral (values
                ('saldo', coalesce(p.saldo, 0), coalesce(c.saldo, 0)), ('quantidade', coalesce(p.quantidade, 0), coalesce(c.quantidade, 0))
            ) v (campo, esperado, guardado)
            where v.esperado <> v.guardado
        )
        select nivel, conta, data, campo, esperado, guardado from (
            select 1::bigint as nivel, conta, null::date as data, campo, esperado, guardado from da_conta
            union all select 2, conta, data, campo, esperado, guardado from meses
            union all select 3, conta, data, campo, esperado, guardado from dias
        ) d order by conta, nivel, data, campo
        """
    }

    /// Accounts whose first or last day is not that of their entries.
    private static func dates(_ scope: AuditScope) -> PostgresQuery {
        """
        select c.conta, d.primeira, d.ultima, c.primeira_data, c.ultima_data
        from contas c
        cross join lateral (
            select min(data) as primeira, max(data) as ultima from saldos_diarios
            where conta = c.conta and quantidade_creditos + quantidade_debitos > 0
        ) d
        where d.primeira is not null and (d.primeira, d.ultima) is distinct from (c.primeira_data, c.ultima_data)
          and (\(scope.conta)::text is null or c.conta = \(scope.conta)::text collate "C")
        order by c.conta limit 1000
        """
    }
}

extension BalanceDifference {
    fileprivate init(_ columns: inout PostgresColumns) throws(PostgresError) {
        let number: Int64 = try columns.next()
        let conta: Conta = try columns.next()
        let data: Dia? = try columns.nextIfPresent()
        let campo: String = try columns.next()
        guard let level = Level(rawValue: number) else { throw PostgresError(unreadable: "an unknown level") }
        self.init(
            conta: conta, data: data, level: level, campo: campo,
            values: .sum(expected: try columns.next(), stored: try columns.next()))
    }

    fileprivate init(dates columns: inout PostgresColumns) throws(PostgresError) {
        let conta: Conta = try columns.next()
        let expected = (first: try columns.next(Dia.self), last: try columns.next(Dia.self))
        let stored = (first: try columns.next(Dia.self), last: try columns.next(Dia.self))
        self.init(
            conta: conta, data: nil, level: .account, campo: "primeira_data…ultima_data",
            values: .dates(expected: "\(expected.first)…\(expected.last)", stored: "\(stored.first)…\(stored.last)"))
    }
}
