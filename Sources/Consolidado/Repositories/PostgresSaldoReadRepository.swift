package import FluxoDeCaixa
package import Logging
package import Postgres

/// The reading side of balances in PostgreSQL: one statement a call, so that all of its answer is of one moment.
package struct PostgresSaldoReadRepository: SaldoReadRepository {
    private let client: PostgresClient
    private let sums: PostgresClient
    private let logger: Logger

    /// - Parameters:
    ///   - client: for what is found by key.
    ///   - sums: for sums over accounts and for lists; plans each run for its parameters. A pool of its own keeps them from holding up the
    ///     others.
    package init(client: PostgresClient, sums: PostgresClient, logger: Logger) {
        self.client = client
        self.sums = sums
        self.logger = logger
    }

    /// What belongs to the whole period is found once a key, not once a row. The lateral join looks the days up by the key, whatever the planner
    /// thinks of the table while it is small (``StatementPlans/once``).
    package func saldos(_ pedidos: [PedidoDeSaldo]) async throws(FalhaDeArmazenamento) -> [SaldoDoPeriodo] {
        let query: PostgresQuery = """
            with k as materialized (
                select posicao, conta, de, ate,
                       coalesce((select versao from contas c where c.conta = pedidos.conta collate "C"), 0) as versao,
                       (select coalesce(sum(m.saldo), 0) from totais_mensais m
                        where m.conta = pedidos.conta collate "C" and m.mes < pedidos.mes)
                           + (select coalesce(sum(d.creditos - d.debitos), 0) from saldos_diarios d
                              where d.conta = pedidos.conta collate "C" and d.data >= pedidos.mes and d.data < pedidos.de) as saldo_inicial
                from unnest(
                    \(pedidos.map(\.conta.nome)), \(pedidos.map { PostgresDate($0.periodo.de.primeiroDoMes) }),
                    \(pedidos.map { PostgresDate($0.periodo.de) }), \(pedidos.map { PostgresDate($0.periodo.ate) })
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
        let rows = try await self.client.run(query, logger: self.logger) { row throws(PostgresError) in
            (posicao: try row.decode(10, as: Int64.self), movimento: try MovimentoRow(row))
        }
        var rest = rows[...]
        var saldos: [SaldoDoPeriodo] = []
        saldos.reserveCapacity(pedidos.count)
        for (posicao, pedido) in zip(Int64(1)..., pedidos) {
            let own = rest.prefix { $0.posicao == posicao }
            rest = rest.dropFirst(own.count)
            guard let saldo = SaldoDoPeriodo(pedido.conta.nome, pedido.periodo, own.map(\.movimento)) else { throw .indisponivel }
            saldos.append(saldo)
        }
        return saldos
    }

    /// The opening balance is what the accounts hold now, less the months after and the rest of the month from the first day on: for recent
    /// days, which are asked for most, that is far less to add up than everything before.
    package func soma(_ periodo: Periodo, of filtro: FiltroDeConta) async throws(FalhaDeArmazenamento) -> SaldoDoPeriodo {
        let (first, last) = (PostgresDate(periodo.de), PostgresDate(periodo.ate))
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
        let rows = try await self.sums.run(query, logger: self.logger) { row throws(PostgresError) in try MovimentoRow(row) }
        guard let saldo = SaldoDoPeriodo(filtro.description, periodo, rows) else { throw .indisponivel }
        return saldo
    }

    package func contas(
        _ filtros: [FiltroDeConta],
        after: String?,
        limit: Int
    ) async throws(FalhaDeArmazenamento) -> [ResumoDeConta] {
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
        return try await self.sums.run(query, logger: self.logger) { row throws(PostgresError) in
            guard let conta = Conta(try row.decode(0, as: String.self)) else {
                throw PostgresError(unreadable: "a stored account has no account's name")
            }
            return ResumoDeConta(
                conta: conta,
                saldo: Quantia(centavos: try row.decode(1)),
                primeiraData: try row.decodeDia(2),
                ultimaData: try row.decodeDia(3),
                quantidade: try row.decode(4),
                versao: try row.decode(5)
            )
        }
    }

    /// The lateral join looks up each id by the key: `= any` is planned once for all, and if that is while the table is still small it reads
    /// the whole table from then on.
    package func contasDosAplicados(_ ids: [LancamentoID]) async throws(FalhaDeArmazenamento) -> [LancamentoID: Conta] {
        let query: PostgresQuery = """
            select a.id, a.conta
            from unnest(\(ids.map { PostgresUUID($0.bits) })) as procurados (id)
            cross join lateral (select id, conta from lancamentos_aplicados where id = procurados.id limit 1) a
            """
        let found = try await self.client.run(query, logger: self.logger) { row throws(PostgresError) in
            (LancamentoID(bits: try row.decode(0, as: PostgresUUID.self).bits), Conta(try row.decode(1, as: String.self)))
        }
        return Dictionary(found.compactMap { id, conta in conta.map { (id, $0) } }, uniquingKeysWith: { first, _ in first })
    }

    /// The 1st of the month after a day's; after the last month that a day can have, the day after the last.
    private static func nextMonth(_ dia: Dia) -> PostgresDate {
        // No month is longer than 31 days, and the 1st plus 31 days lies in the month after.
        if let next = dia.primeiroDoMes.somando(dias: 31) { return PostgresDate(next.primeiroDoMes) }
        return PostgresDate(daysSince2000: Dia.ultimo.diasDesde2000 + 1)
    }
}

/// A row of the statements above: version, opening balance, and a day with entries unless there is none.
private struct MovimentoRow {
    let versao: Int64
    let saldoInicial: Quantia
    let movimento: MovimentoDoDia?

    init(_ row: PostgresRow) throws(PostgresError) {
        self.versao = try row.decode(0)
        self.saldoInicial = Quantia(centavos: try row.decode(1))
        guard try row.decodeIfPresent(2, as: PostgresDate.self) != nil else {
            self.movimento = nil
            return
        }
        self.movimento = MovimentoDoDia(
            data: try row.decodeDia(2),
            totalCreditos: Quantia(centavos: try row.decode(3)),
            totalDebitos: Quantia(centavos: try row.decode(4)),
            transferenciasEntrada: Quantia(centavos: try row.decode(5)),
            transferenciasSaida: Quantia(centavos: try row.decode(6)),
            quantidadeCreditos: try row.decode(7),
            quantidadeDebitos: try row.decode(8),
            atualizadoEm: Instante(microsecondsSince2000: try row.decode(9, as: PostgresTimestamp.self).microsecondsSince2000)
        )
    }
}

extension SaldoDoPeriodo {
    /// Nil without a row: each statement gives one at least, which says what no day changes.
    fileprivate init?(_ conta: String, _ periodo: Periodo, _ rows: [MovimentoRow]) {
        guard let first = rows.first else { return nil }
        self.init(
            conta: conta, periodo: periodo, versao: first.versao, saldoInicial: first.saldoInicial, movimentos: rows.compactMap(\.movimento)
        )
    }
}

extension PostgresDate {
    init(_ dia: Dia) {
        self.init(daysSince2000: dia.diasDesde2000)
    }
}

extension PostgresRow {
    func decodeDia(_ column: Int) throws(PostgresError) -> Dia {
        guard let dia = Dia(diasDesde2000: try self.decode(column, as: PostgresDate.self).daysSince2000) else {
            throw PostgresError(unreadable: "a stored day is no day")
        }
        return dia
    }
}
