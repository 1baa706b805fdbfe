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

    package func dias(_ chaves: [ChaveDeSaldo]) async throws(FalhaDeArmazenamento) -> [SaldoDiario] {
        let query: PostgresQuery = """
            select coalesce((select versao from contas c where c.conta = k.conta), 0),
                   (select coalesce(sum(m.saldo), 0) from totais_mensais m where m.conta = k.conta and m.mes < k.mes)
                       + (select coalesce(sum(d.creditos - d.debitos), 0) from saldos_diarios d
                          where d.conta = k.conta and d.data >= k.mes and d.data < k.data),
                   s.data, s.creditos, s.debitos, s.transferencias_entrada, s.transferencias_saida, s.quantidade_creditos,
                   s.quantidade_debitos, s.atualizado_em
            from (
                select conta collate "C" as conta, data, mes, posicao
                from unnest(
                    \(chaves.map(\.conta.nome)), \(chaves.map { PostgresDate($0.data) }),
                    \(chaves.map { PostgresDate($0.data.primeiroDoMes) })
                ) with ordinality as chaves (conta, data, mes, posicao)
            ) k
            left join saldos_diarios s on s.conta = k.conta and s.data = k.data
            order by k.posicao
            """
        let rows = try await self.client.run(query, logger: self.logger) { row throws(PostgresError) in try MovimentoRow(row) }
        guard rows.count == chaves.count else { throw .indisponivel }
        return zip(chaves, rows).map { chave, row in
            SaldoDiario(
                conta: chave.conta.nome,
                saldoInicial: row.saldoInicial,
                movimento: row.movimento ?? MovimentoDoDia(data: chave.data),
                versao: row.versao
            )
        }
    }

    package func periodo(_ periodo: Periodo, of filtro: FiltroDeConta) async throws(FalhaDeArmazenamento) -> SaldoDoPeriodo {
        let rows =
            switch filtro {
            case .uma(let conta): try await self.periodo(periodo, of: conta)
            case .abaixoDe, .todas: try await self.soma(periodo, of: filtro)
            }
        guard let first = rows.first else { throw .indisponivel }
        return SaldoDoPeriodo(
            conta: filtro.description,
            periodo: periodo,
            versao: first.versao,
            saldoInicial: first.saldoInicial,
            movimentos: rows.compactMap(\.movimento)
        )
    }

    private func periodo(_ periodo: Periodo, of conta: Conta) async throws(FalhaDeArmazenamento) -> [MovimentoRow] {
        let (month, first, last) = Self.limits(periodo)
        let query: PostgresQuery = """
            select coalesce(c.versao, 0),
                   (select coalesce(sum(saldo), 0) from totais_mensais where conta = p.conta and mes < \(month))
                       + (select coalesce(sum(creditos - debitos), 0) from saldos_diarios
                          where conta = p.conta and data >= \(month) and data < \(first)),
                   s.data, s.creditos, s.debitos, s.transferencias_entrada, s.transferencias_saida, s.quantidade_creditos,
                   s.quantidade_debitos, s.atualizado_em
            from (select \(conta.nome)::text collate "C" as conta) p
            left join contas c on c.conta = p.conta
            left join saldos_diarios s on s.conta = p.conta and s.data >= \(first) and s.data <= \(last)
            order by s.data
            """
        return try await self.client.run(query, logger: self.logger) { row throws(PostgresError) in try MovimentoRow(row) }
    }

    /// The opening balance is what the accounts hold now, less the months after and the rest of the month from the first day on: for recent
    /// days, which are asked for most, that is far less to add up than everything before.
    private func soma(_ periodo: Periodo, of filtro: FiltroDeConta) async throws(FalhaDeArmazenamento) -> [MovimentoRow] {
        let (_, first, last) = Self.limits(periodo)
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
        return try await self.sums.run(query, logger: self.logger) { row throws(PostgresError) in try MovimentoRow(row) }
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

    package func contasDosAplicados(_ ids: [LancamentoID]) async throws(FalhaDeArmazenamento) -> [LancamentoID: Conta] {
        let query: PostgresQuery = "select id, conta from lancamentos_aplicados where id = any(\(ids.map { PostgresUUID($0.bits) }))"
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

    /// The first of the month of the first day, the first day, the last.
    private static func limits(_ periodo: Periodo) -> (month: PostgresDate, first: PostgresDate, last: PostgresDate) {
        (PostgresDate(periodo.de.primeiroDoMes), PostgresDate(periodo.de), PostgresDate(periodo.ate))
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
