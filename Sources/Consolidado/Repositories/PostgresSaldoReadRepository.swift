package import FluxoDeCaixa
package import Logging
package import Postgres
package import Storage

/// The reading side of balances in PostgreSQL: one statement a call, so that the whole answer shows one moment.
package struct PostgresSaldoReadRepository: SaldoReadRepository {
    private let client: PostgresClient
    private let sums: PostgresClient
    private let logger: Logger

    /// - Parameters:
    ///   - client: for look-ups by key.
    ///   - sums: for sums over accounts and for lists; should plan each run for its parameters. A separate pool, so that they do not delay
    ///     look-ups.
    package init(client: PostgresClient, sums: PostgresClient, logger: Logger) {
        self.client = client
        self.sums = sums
        self.logger = logger
    }

    /// Version and opening balance are looked up once a key, not once a row. The lateral join looks the days up by key, even with a plan
    /// that was made while the table was small (``StatementPlans/once``).
    package func saldos(_ pedidos: [PedidoDeSaldo]) async throws(StorageFailure) -> [SaldoDoPeriodo] {
        let query: PostgresQuery = """
            with k as materialized (
                select posicao, conta, de, ate,
                       coalesce((select versao from contas c where c.conta = pedidos.conta collate "C"), 0) as versao,
                       (select coalesce(sum(m.saldo), 0) from totais_mensais m
                        where m.conta = pedidos.conta collate "C" and m.mes < pedidos.mes)
                           + (select coalesce(sum(d.creditos - d.debitos), 0) from saldos_diarios d
                              where d.conta = pedidos.conta collate "C" and d.data >= pedidos.mes and d.data < pedidos.de) as saldo_inicial
                from unnest(
                    \(pedidos.map(\.conta)), \(pedidos.map(\.periodo.de.primeiroDoMes)), \(pedidos.map(\.periodo.de)),
                    \(pedidos.map(\.periodo.ate))
                ) with ordinality as pedidos (conta, mes, de, ate, posicao)
            )
            select k.versao, k.saldo_inicial, s.data, s.creditos, s.debitos, s.transferencias_entrada, s.transferencias_saida,
                   s.quantidade_creditos, s.quantidade_debitos, s.atualizado_em, k.posicao
            from k
            left join lateral (
                select * from saldos_diarios where conta = k.conta collate "C" and data >= k.de and data <= k.ate offset 0
            ) s on true
            order by k.posicao
            """
        let rows = try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in
            (movimento: try MovimentoRow(&columns), posicao: try columns.next(Int64.self))
        }
        var rest = rows[...]
        var saldos: [SaldoDoPeriodo] = []
        saldos.reserveCapacity(pedidos.count)
        for (posicao, pedido) in zip(Int64(1)..., pedidos) {
            let own = rest.prefix { $0.posicao == posicao }
            rest = rest.dropFirst(own.count)
            guard let saldo = SaldoDoPeriodo(pedido.conta.nome, pedido.periodo, own.map(\.movimento)) else { throw .unavailable }
            saldos.append(saldo)
        }
        return saldos
    }

    /// The opening balance is what the accounts hold now, less the months after and the rest of the month from the first day on. For recent
    /// days, which are read most, that adds up far fewer rows than everything before.
    package func soma(_ periodo: Periodo, of filtro: FiltroDeConta) async throws(StorageFailure) -> SaldoDoPeriodo {
        let (first, last) = (periodo.de, periodo.ate)
        let nextMonth = Self.nextMonth(periodo.de)
        let (from, before) = filtro.intervalo
        let query: PostgresQuery = """
            select c.versao,
                   c.saldo
                       - (select coalesce(sum(saldo), 0) from totais_mensais
                          where conta >= \(from) and conta < \(before) and mes >= \(nextMonth))
                       - (select coalesce(sum(creditos - debitos), 0) from saldos_diarios
                          where conta >= \(from) and conta < \(before) and data >= \(first) and data < \(nextMonth)),
                   s.data, s.creditos, s.debitos, s.transferencias_entrada, s.transferencias_saida, s.quantidade_creditos,
                   s.quantidade_debitos, s.atualizado_em
            from (
                select coalesce(sum(versao), 0)::bigint as versao, coalesce(sum(saldo), 0) as saldo
                from contas where conta >= \(from) and conta < \(before)
            ) c
            left join (
                select data, sum(creditos) as creditos, sum(debitos) as debitos, sum(transferencias_entrada) as transferencias_entrada,
                       sum(transferencias_saida) as transferencias_saida, sum(quantidade_creditos)::bigint as quantidade_creditos,
                       sum(quantidade_debitos)::bigint as quantidade_debitos, max(atualizado_em) as atualizado_em
                from saldos_diarios
                where conta >= \(from) and conta < \(before) and data >= \(first) and data <= \(last)
                group by data
            ) s on true
            order by s.data
            """
        let rows = try await self.sums.run(query, logger: self.logger) { columns throws(PostgresError) in try MovimentoRow(&columns) }
        guard let saldo = SaldoDoPeriodo(filtro.description, periodo, rows) else { throw .unavailable }
        return saldo
    }

    package func contas(
        _ filtros: [FiltroDeConta],
        after: String?,
        limit: Int
    ) async throws(StorageFailure) -> [ResumoDeConta] {
        let ranges = FiltroDeConta.semSobreposicao(filtros).map(\.intervalo).filter { $0.antesDe > after ?? "" }
        let query: PostgresQuery = """
            select c.conta, c.saldo, c.primeira_data, c.ultima_data, c.quantidade, c.versao
            from (
                select desde collate "C" as desde, antes_de collate "C" as antes_de
                from unnest(\(ranges.map(\.desde)), \(ranges.map(\.antesDe))) as faixas (desde, antes_de)
            ) f
            cross join lateral (
                select * from contas
                where conta >= f.desde and conta < f.antes_de and conta > \(after ?? "")
                order by conta limit \(Int64(limit))
            ) c
            order by c.conta limit \(Int64(limit))
            """
        return try await self.sums.run(query, logger: self.logger) { columns throws(PostgresError) in
            ResumoDeConta(
                conta: try columns.next(), saldo: try columns.next(), primeiraData: try columns.next(), ultimaData: try columns.next(),
                quantidade: try columns.next(), versao: try columns.next()
            )
        }
    }

    /// The lateral join looks up each id by key. A plan for `= any` that is cached while the table is small scans all of it from then on.
    package func contasDosAplicados(_ ids: [LancamentoID]) async throws(StorageFailure) -> [LancamentoID: Conta] {
        let query: PostgresQuery = """
            select a.id, a.conta
            from unnest(\(ids)) as procurados (id)
            cross join lateral (select id, conta from lancamentos_aplicados where id = procurados.id limit 1) a
            """
        let found = try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in
            (try columns.next(LancamentoID.self), try columns.next(Conta.self))
        }
        return Dictionary(found, uniquingKeysWith: { first, _ in first })
    }

    /// The 1st of the month after a day's; after the last month that a day can have, the day after the last.
    private static func nextMonth(_ dia: Dia) -> PostgresDate {
        // No month is longer than 31 days, so the 1st plus 31 days is in the month after.
        if let next = dia.primeiroDoMes.somando(dias: 31) { return next.primeiroDoMes.postgresValue }
        return PostgresDate(daysSince2000: Dia.ultimo.diasDesde2000 + 1)
    }
}

/// A row of the statements above: version, opening balance, and one day's sums, or nil.
private struct MovimentoRow {
    let versao: Int64
    let saldoInicial: Quantia
    let movimento: MovimentoDoDia?

    init(_ columns: inout PostgresColumns) throws(PostgresError) {
        self.versao = try columns.next()
        self.saldoInicial = try columns.next()
        guard let data = try columns.nextIfPresent(Dia.self) else {
            columns.skip(MovimentoDoDia.columnCount)
            self.movimento = nil
            return
        }
        self.movimento = try MovimentoDoDia(data: data, &columns)
    }
}

extension MovimentoDoDia {
    /// How many columns ``init(data:_:)`` reads.
    fileprivate static let columnCount = 7

    /// Reads the columns `creditos, debitos, transferencias_entrada, transferencias_saida, quantidade_creditos, quantidade_debitos,
    /// atualizado_em`.
    init(data: Dia, _ columns: inout PostgresColumns) throws(PostgresError) {
        self.init(
            data: data, totalCreditos: try columns.next(), totalDebitos: try columns.next(), transferenciasEntrada: try columns.next(),
            transferenciasSaida: try columns.next(), quantidadeCreditos: try columns.next(), quantidadeDebitos: try columns.next(),
            atualizadoEm: try columns.next()
        )
    }
}

extension SaldoDoPeriodo {
    /// Nil without a row: each statement returns at least one, with version and opening balance.
    fileprivate init?(_ conta: String, _ periodo: Periodo, _ rows: [MovimentoRow]) {
        guard let first = rows.first else { return nil }
        self.init(
            conta: conta, periodo: periodo, versao: first.versao, saldoInicial: first.saldoInicial, movimentos: rows.compactMap(\.movimento)
        )
    }
}
