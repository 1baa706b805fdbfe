package import Contrato
package import FluxoDeCaixa
package import Postgres
package import ServiceRuntime
package import Storage

/// The registered entries, counted on the session that holds the lease.
package struct PostgresRegisteredEntries: RegisteredEntries {
    private let connection: PostgresConnection

    init(connection: PostgresConnection) {
        self.connection = connection
    }

    /// The lease of the one instance that counts.
    /// - Parameter configuration: the database; its session timeout and plans are replaced.
    package static func source(_ configuration: PostgresConfiguration) -> AdvisoryLockSource<any RegisteredEntries> {
        AdvisoryLockSource(configuration: configuration, key: Self.lockKey) { PostgresRegisteredEntries(connection: $0) }
    }

    /// The same for every instance, and unique among the advisory locks of this database.
    private static let lockKey: Int64 = 7_235_911_408_223_145_004

    /// The outbox is nearly always empty. It is read whole: an entry that was committed late has a high `seq` and an old id.
    ///
    /// Both tables are read by their keys. The plan of a sequential scan, which the session disables, has a cost that makes the server
    /// compile it: 0.3 s for an empty table.
    package func progress() async throws(StorageFailure) -> CountingProgress {
        let places: PostgresQuery = "select passagem, ate from conferencia_posicoes order by passagem"
        let positions = try await self.run(places) { columns throws(PostgresError) in
            (try columns.next(String.self), try columns.next(Minuto.self))
        }
        let oldest: PostgresQuery = "select id from (select id from outbox order by seq offset 0) o order by id limit 1"
        let pending = try await self.run(oldest) { columns throws(PostgresError) in try columns.next(LancamentoID.self) }
        return CountingProgress(
            positions: Dictionary(
                positions.compactMap { name, ate in Conferencia.Passagem(rawValue: name).map { ($0, ate) } },
                uniquingKeysWith: { first, _ in first }),
            oldestPending: pending.first)
    }

    package func store(_ passagem: Conferencia.Passagem, until minuto: Minuto) async throws(StorageFailure) {
        let query: PostgresQuery = """
            insert into conferencia_posicoes (passagem, ate) values (\(passagem.rawValue), \(minuto))
            on conflict (passagem) do update set ate = excluded.ate
            returning passagem
            """
        _ = try await self.run(query) { columns throws(PostgresError) in try columns.next(String.self) }
    }

    package func count(
        _ periodo: Range<Minuto>, entriesMax: Int64, minutesMax: Int
    ) async throws(StorageFailure) -> ContagemPorMinuto {
        let read = try await self.read(periodo, entriesMax: entriesMax)
        if let counted = ContagemPorMinuto(lidos: read, de: periodo, linhasMax: entriesMax, minutosMax: minutesMax) { return counted }
        let first = periodo.lowerBound..<periodo.lowerBound.somando(1)
        return ContagemPorMinuto(periodo: first, itens: try await self.read(first, entriesMax: .max))
    }

    /// The primary key gives the entries of a period in their order, so this reads no others. The minute is in the first 48 bits of the id.
    private func read(_ periodo: Range<Minuto>, entriesMax: Int64) async throws(StorageFailure) -> [ContagemPorMinuto.Item] {
        let query: PostgresQuery = """
            select ('x' || substr(id::text, 1, 8) || substr(id::text, 10, 4))::bit(48)::bigint / 60000 as minuto,
                   count(*), coalesce(sum(valor) filter (where tipo = 'credito'), 0),
                   coalesce(sum(valor) filter (where tipo = 'debito'), 0)
            from (
                select id, tipo, valor from lancamentos
                where id >= \(periodo.lowerBound.primeiroID) and id < \(periodo.upperBound.primeiroID)
                order by id limit \(entriesMax)
            ) l
            group by minuto order by minuto
            """
        return try await self.run(query) { columns throws(PostgresError) in try ContagemPorMinuto.Item(&columns) }
    }

    package func last(before minuto: Minuto) async throws(StorageFailure) -> Registration? {
        let query: PostgresQuery = """
            select id, conta, tipo, valor, data, natureza, descricao, categoria, referencia, metadados::text, registrado_por, canal, chave,
                   estorno_de, null::uuid, null::bytea
            from lancamentos where id < \(minuto.primeiroID) order by id desc limit 1
            """
        return try await self.run(query) { columns throws(PostgresError) in try Registration(&columns) }.first
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
