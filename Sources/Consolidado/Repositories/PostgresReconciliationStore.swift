import Contrato
package import FluxoDeCaixa
package import Postgres
package import ServiceRuntime
package import Storage

/// Counts and differences, on the session that holds the lease.
package struct PostgresReconciliationStore: ReconciliationStore {
    /// The applied entries that one recount reads.
    private static let recountEntriesMax: Int64 = 300_000

    private let connection: PostgresConnection

    init(connection: PostgresConnection) {
        self.connection = connection
    }

    /// The lease of the one instance that compares.
    /// - Parameter configuration: the database; its session timeout and plans are replaced.
    package static func source(_ configuration: PostgresConfiguration) -> AdvisoryLockSource<any ReconciliationStore> {
        AdvisoryLockSource(configuration: configuration, key: Self.lockKey) { PostgresReconciliationStore(connection: $0) }
    }

    /// The same for every instance, and unique among the advisory locks of this database.
    private static let lockKey: Int64 = 7_235_911_408_223_145_005

    package func due(olderThan age: Duration) async throws(StorageFailure) -> ReceivedCount? {
        while true {
            let query: PostgresQuery = """
                select id, recebida_em, conteudo from conferencias
                where recebida_em <= clock_timestamp() - \(Int64(age / .milliseconds(1))) * interval '1 millisecond'
                order by id limit 1
                """
            let rows = try await self.run(query) { columns throws(PostgresError) in
                (number: try columns.next(Int64.self), receivedAt: try columns.next(Instante.self), text: try columns.next(String.self))
            }
            guard let row = rows.first else { return nil }
            if let conferencia = Conferencia.decode(row.text) {
                return ReceivedCount(number: row.number, receivedAt: row.receivedAt, conferencia: conferencia)
            }
            // Of a newer version, which may be gone: a later count covers the period.
            _ = try await self.run("delete from conferencias where id = \(row.number) returning id") { columns throws(PostgresError) in
                try columns.next(Int64.self)
            }
        }
    }

    /// The primary key gives the entries of a period in their order, so this reads no others. The minute is in the first 48 bits of the id.
    package func applied(_ periodo: Range<Minuto>, entriesMax: Int64) async throws(StorageFailure) -> AppliedCount {
        let query: PostgresQuery = """
            select ('x' || substr(id::text, 1, 8) || substr(id::text, 10, 4))::bit(48)::bigint / 60000 as minuto,
                   count(*), coalesce(sum(valor) filter (where tipo = 'credito'), 0),
                   coalesce(sum(valor) filter (where tipo = 'debito'), 0)
            from (
                select id, tipo, valor from lancamentos_aplicados
                where id >= \(periodo.lowerBound.primeiroID) and id < \(periodo.upperBound.primeiroID)
                order by id limit \(entriesMax)
            ) a
            group by minuto order by minuto
            """
        let items = try await self.run(query) { columns throws(PostgresError) in try ContagemPorMinuto.Item(&columns) }
        let now = try await self.run("select clock_timestamp()") { columns throws(PostgresError) in try columns.next(Instante.self) }
        guard let countedAt = now.first else { throw .unavailable }
        // More than were asked for in the first minute: that many at least.
        let first = periodo.lowerBound..<periodo.lowerBound.somando(1)
        return AppliedCount(
            aplicados: ContagemPorMinuto(lidos: items, de: periodo, linhasMax: entriesMax, minutosMax: .max)
                ?? ContagemPorMinuto(periodo: first, itens: items),
            countedAt: countedAt)
    }

    package func known(_ minutos: [Minuto]) async throws(StorageFailure) -> [Diferenca] {
        let query: PostgresQuery = """
            select d.minuto, registrados, registrados_creditos, registrados_debitos, aplicados, aplicados_creditos, aplicados_debitos,
                   primeiros, desde, confirmada
            from unnest(\(minutos)) as m (minuto) join diferencas d on d.minuto = m.minuto
            """
        return try await self.run(query) { columns throws(PostgresError) in try Diferenca(&columns) }
    }

    package func replace(
        _ differences: [Diferenca], in periodo: Range<Minuto>, for count: ReceivedCount, countedAt: Instante
    ) async throws(StorageFailure) {
        let removal: PostgresQuery = """
            with comparada as (
                delete from conferencias where id = \(count.number)
            ), posicao as (
                insert into conferidos (passagem, ate) values (\(count.conferencia.passagem.rawValue), \(periodo.upperBound))
                on conflict (passagem) do update set ate = excluded.ate
            ), iguais as (
                delete from diferencas
                where minuto >= \(periodo.lowerBound) and minuto < \(periodo.upperBound)
                  and minuto <> all(\(differences.map(\.minuto)))
            )
            """
        try await self.write(removal + Self.upsert(differences, countedAt: countedAt))
    }

    package func replace(_ differences: [(minuto: Minuto, Diferenca?)], countedAt: Instante) async throws(StorageFailure) {
        let removal: PostgresQuery = """
            with iguais as (delete from diferencas where minuto = any(\(differences.filter { $0.1 == nil }.map(\.minuto))))
            """
        try await self.write(removal + Self.upsert(differences.compactMap(\.1), countedAt: countedAt))
    }

    private func write(_ query: PostgresQuery) async throws(StorageFailure) {
        _ = try await self.run(query) { columns throws(PostgresError) in try columns.next(Minuto.self) }
    }

    private static func upsert(_ differences: [Diferenca], countedAt: Instante) -> PostgresQuery {
        """
        insert into diferencas (minuto, registrados, registrados_creditos, registrados_debitos, aplicados, aplicados_creditos,
                                aplicados_debitos, primeiros, desde, confirmada, medida_em)
        select minuto, registrados, registrados_creditos, registrados_debitos, aplicados, aplicados_creditos, aplicados_debitos, primeiros,
               desde, confirmada, \(countedAt)
        from unnest(
            \(differences.map(\.minuto)), \(differences.map(\.registrado.quantidade)), \(differences.map(\.registrado.creditos)),
            \(differences.map(\.registrado.debitos)), \(differences.map(\.aplicado.quantidade)), \(differences.map(\.aplicado.creditos)),
            \(differences.map(\.aplicado.debitos)), \(differences.map(\.primeiros)), \(differences.map(\.desde)),
            \(differences.map(\.isConfirmed))
        ) as d (minuto, registrados, registrados_creditos, registrados_debitos, aplicados, aplicados_creditos, aplicados_debitos,
                primeiros, desde, confirmada)
        on conflict (minuto) do update set
            registrados = excluded.registrados, registrados_creditos = excluded.registrados_creditos,
            registrados_debitos = excluded.registrados_debitos, aplicados = excluded.aplicados,
            aplicados_creditos = excluded.aplicados_creditos, aplicados_debitos = excluded.aplicados_debitos,
            primeiros = excluded.primeiros, desde = excluded.desde, confirmada = excluded.confirmada, medida_em = excluded.medida_em
        returning minuto
        """
    }

    /// Minutes with many entries are fewer at once; one is always among them.
    package func recount(olderThan age: Duration, minutesMax: Int) async throws(StorageFailure) -> [Recount] {
        let query: PostgresQuery = """
            select d.minuto, registrados, registrados_creditos, registrados_debitos, aplicados, aplicados_creditos, aplicados_debitos,
                   primeiros, desde, confirmada, c.quantidade, c.creditos, c.debitos, clock_timestamp()
            from (
                select *, sum(greatest(registrados, aplicados)) over (order by medida_em, minuto rows unbounded preceding)
                          - greatest(registrados, aplicados) as antes
                from (
                    select * from diferencas
                    where medida_em <= clock_timestamp() - \(Int64(age / .milliseconds(1))) * interval '1 millisecond'
                    order by medida_em, minuto limit \(Int64(minutesMax))
                ) antigas
            ) d
            cross join lateral (
                select count(*) as quantidade, coalesce(sum(valor) filter (where tipo = 'credito'), 0) as creditos,
                       coalesce(sum(valor) filter (where tipo = 'debito'), 0) as debitos
                from lancamentos_aplicados
                where id >= (lpad(to_hex((extract(epoch from d.minuto) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
                  and id < (lpad(to_hex((extract(epoch from d.minuto) * 1000)::bigint + 60000), 12, '0') || repeat('0', 20))::uuid
            ) c
            where d.antes <= \(Self.recountEntriesMax)
            order by d.medida_em, d.minuto
            """
        return try await self.run(query) { columns throws(PostgresError) in
            Recount(difference: try Diferenca(&columns), aplicado: try Contagem(&columns), countedAt: try columns.next())
        }
    }

    package func confirmed() async throws(StorageFailure) -> [DiaDivergente] {
        try await self.run(.confirmedDifferences) { columns throws(PostgresError) in try DiaDivergente(&columns) }
    }

    private func run<Value>(
        _ query: PostgresQuery, _ read: (inout PostgresColumns) throws(PostgresError) -> Value
    ) async throws(StorageFailure) -> [Value] {
        do throws(PostgresError) {
            return try await self.connection.query(query).read(read)
        } catch {
            throw StorageFailure(error)
        }
    }
}

extension Diferenca {
    fileprivate init(_ columns: inout PostgresColumns) throws(PostgresError) {
        self.init(
            minuto: try columns.next(), registrado: try Contagem(&columns), aplicado: try Contagem(&columns),
            primeiros: try columns.next(), desde: try columns.next(), isConfirmed: try columns.next())
    }
}
