import Contrato
import FluxoDeCaixa
package import Postgres
package import ServiceRuntime
package import Storage

/// What is due, read on the session that holds the lease.
package struct PostgresNoticeLease: NoticeLease {
    private let connection: PostgresConnection

    private init(connection: PostgresConnection) {
        self.connection = connection
    }

    /// The lease of the one instance that sends news.
    /// - Parameter configuration: the database; its session timeout and plans are replaced.
    package static func source(_ configuration: PostgresConfiguration) -> AdvisoryLockSource<any NoticeLease> {
        AdvisoryLockSource(configuration: configuration, key: Self.lockKey) { PostgresNoticeLease(connection: $0) }
    }

    /// The same for every instance, and unique among the advisory locks of this database.
    private static let lockKey: Int64 = 7_235_911_408_223_145_003

    package func due(after: ChaveDeSaldo?, limit: Int) async throws(StorageFailure) -> [Notice] {
        let conta = after?.conta.nome ?? ""
        let data = after?.data ?? .primeiro
        return try await self.run { connection throws(PostgresError) in
            // Versions and movements show one moment: of two events for a day the one with the higher version holds the newer sums.
            // `offset 0` has each row looked up by its key; without it all accounts were read for 500 rows.
            let rows = try await connection.query(
                """
                select a.conta, a.data, a.versao, c.versao, s.creditos, s.debitos, s.transferencias_entrada, s.transferencias_saida,
                       s.quantidade_creditos, s.quantidade_debitos, s.atualizado_em
                from (
                    select conta, data, versao from atualizacoes
                    where (conta, data) > (\(conta), \(data)) and (nao_antes is null or nao_antes <= clock_timestamp())
                    order by conta, data limit \(Int64(limit))
                ) a
                cross join lateral (select versao from contas where conta = a.conta offset 0) c
                cross join lateral (select * from saldos_diarios where conta = a.conta and data = a.data offset 0) s
                order by a.conta, a.data
                """
            )
            return try rows.read { columns throws(PostgresError) in try Self.notice(&columns) }
        }
    }

    private static func notice(_ columns: inout PostgresColumns) throws(PostgresError) -> Notice {
        let conta: Conta = try columns.next()
        let data: Dia = try columns.next()
        let dueVersao: Int64 = try columns.next()
        let versao: Int64 = try columns.next()
        let movimento = try MovimentoDoDia(data: data, &columns)
        guard let atualizadoEm = movimento.atualizadoEm else { throw PostgresError(unreadable: "a changed day has no time of its change") }
        return Notice(
            noticia: .init(conta: conta, movimento: movimento, versao: versao, atualizadoEm: atualizadoEm), dueVersao: dueVersao
        )
    }

    /// Skips rows that a batch is changing: they are due again.
    ///
    /// Each row is looked up by its key and then named by its place (`ctid`), which cannot change while the row is locked. With a join, a
    /// plan cached while the table was empty scans all of it.
    package func confirmed(_ notices: [Notice]) async throws(StorageFailure) {
        try await self.run { connection throws(PostgresError) in
            try await connection.query(
                """
                delete from atualizacoes where ctid = any(array(
                    select a.ctid
                    from unnest(
                        \(notices.map(\.chave.conta)), \(notices.map(\.chave.data)), \(notices.map(\.dueVersao))
                    ) as enviadas (conta, data, versao)
                    cross join lateral (
                        select ctid from atualizacoes
                        where conta = enviadas.conta and data = enviadas.data and versao = enviadas.versao
                        for update skip locked
                    ) a
                ))
                """
            )
        }
    }

    /// Half a second, doubled with each refusal up to a minute; skips rows as ``confirmed(_:)`` does.
    package func postpone(_ notices: [Notice]) async throws(StorageFailure) {
        try await self.run { connection throws(PostgresError) in
            try await connection.query(
                """
                update atualizacoes set
                    tentativas = least(tentativas + 1, 1000),
                    nao_antes = clock_timestamp() + least(60, 0.5 * power(2, least(tentativas, 7))) * interval '1 second'
                where ctid = any(array(
                    select a.ctid
                    from unnest(
                        \(notices.map(\.chave.conta)), \(notices.map(\.chave.data)), \(notices.map(\.dueVersao))
                    ) as recusadas (conta, data, versao)
                    cross join lateral (
                        select ctid from atualizacoes
                        where conta = recusadas.conta and data = recusadas.data and versao = recusadas.versao
                        for update skip locked
                    ) a
                ))
                """
            )
        }
    }

    @discardableResult
    private func run<Value>(
        _ body: (PostgresConnection) async throws(PostgresError) -> Value
    ) async throws(StorageFailure) -> Value {
        do throws(PostgresError) {
            return try await body(self.connection)
        } catch {
            throw StorageFailure(error)
        }
    }
}
