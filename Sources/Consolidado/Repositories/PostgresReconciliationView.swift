package import Contrato
import FluxoDeCaixa
package import Logging
package import Postgres
package import Storage

/// What every instance does for the reconciliation in PostgreSQL: keeps received counts and measures.
package struct PostgresReconciliationView: CountInbox, ReconciliationView {
    private let client: PostgresClient
    private let logger: Logger

    package init(client: PostgresClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// Counts that nobody has compared for a day are forgotten: later ones cover their periods.
    package func keep(_ conferencia: Conferencia) async throws(StorageFailure) {
        let query: PostgresQuery = """
            with velhas as (delete from conferencias where recebida_em < now() - interval '1 day')
            insert into conferencias (conteudo) values (\(conferencia.encode())) returning id
            """
        _ = try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in try columns.next(Int64.self) }
    }

    package func confirmed() async throws(StorageFailure) -> [DiaDivergente] {
        try await self.client.run(.confirmedDifferences, logger: self.logger) { columns throws(PostgresError) in
            try DiaDivergente(&columns)
        }
    }

    package func age() async throws(StorageFailure) -> Duration {
        let query: PostgresQuery = """
            select clock_timestamp(), (select ate from conferidos where passagem = \(Conferencia.Passagem.nova.rawValue)),
                   (select id from lancamentos_aplicados order by id limit 1)
            """
        let ages = try await self.client.run(query, logger: self.logger) { columns throws(PostgresError) in
            let now: Instante = try columns.next()
            let compared: Instante? = try columns.nextIfPresent()
            let first: LancamentoID? = try columns.nextIfPresent()
            return (compared ?? first?.instante).map { Duration.milliseconds(max(0, now.milissegundos - $0.milissegundos)) }
        }
        return ages.first.flatMap(\.self) ?? .zero
    }
}

extension PostgresQuery {
    /// The confirmed differences by day of registration, in UTC. Of two sides with equal numbers and other sums at least one entry differs.
    static var confirmedDifferences: PostgresQuery {
        """
        select (minuto at time zone 'UTC')::date as dia,
               sum(case when registrados = aplicados then 1 else greatest(registrados - aplicados, 0) end)::bigint,
               sum(greatest(aplicados - registrados, 0))::bigint,
               sum(registrados_creditos - registrados_debitos - aplicados_creditos + aplicados_debitos)
        from diferencas where confirmada group by dia order by dia
        """
    }
}

extension DiaDivergente {
    init(_ columns: inout PostgresColumns) throws(PostgresError) {
        self.init(dia: try columns.next(), faltam: try columns.next(), sobram: try columns.next(), saldo: try columns.next())
    }
}
