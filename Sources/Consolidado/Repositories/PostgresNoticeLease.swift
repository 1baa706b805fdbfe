import Contrato
import FluxoDeCaixa
package import Logging
package import Postgres
import ServiceRuntime

/// What is due, looked at on the session that holds the lease.
package struct PostgresNoticeLease: NoticeLease {
    private let connection: PostgresConnection

    fileprivate init(connection: PostgresConnection) {
        self.connection = connection
    }

    package func due(after: ChaveDeSaldo?, limit: Int) async throws(FalhaDeArmazenamento) -> [Notice] {
        let conta = after?.conta.nome ?? ""
        let data = PostgresDate(after?.data ?? .primeiro)
        return try await self.run { connection throws(PostgresError) in
            // Versions and movements are of one moment: of two events for a day the one with the higher version holds the newer sums.
            // `offset 0` has each row looked up by its key; joined freely, all accounts were read for 500 rows.
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
            var notices: [Notice] = []
            for row in rows { notices.append(try Self.notice(row)) }
            return notices
        }
    }

    private static func notice(_ row: PostgresRow) throws(PostgresError) -> Notice {
        guard let conta = Conta(try row.decode(0, as: String.self)) else {
            throw PostgresError(unreadable: "a stored account has no account's name")
        }
        let atualizadoEm = Instante(microsecondsSince2000: try row.decode(10, as: PostgresTimestamp.self).microsecondsSince2000)
        let movimento = MovimentoDoDia(
            data: try row.decodeDia(1),
            totalCreditos: Quantia(centavos: try row.decode(4)),
            totalDebitos: Quantia(centavos: try row.decode(5)),
            transferenciasEntrada: Quantia(centavos: try row.decode(6)),
            transferenciasSaida: Quantia(centavos: try row.decode(7)),
            quantidadeCreditos: try row.decode(8),
            quantidadeDebitos: try row.decode(9),
            atualizadoEm: atualizadoEm
        )
        return Notice(
            noticia: .init(conta: conta, movimento: movimento, versao: try row.decode(3), atualizadoEm: atualizadoEm),
            dueVersao: try row.decode(2)
        )
    }

    /// Passes over rows that a batch is just changing: they are due again.
    ///
    /// Each row is looked up by its key and then named by its place, which nothing changes while it is locked. Joined, they would be looked for
    /// in the whole table by a server that has known it empty.
    package func confirmed(_ notices: [Notice]) async throws(FalhaDeArmazenamento) {
        try await self.run { connection throws(PostgresError) in
            try await connection.query(
                """
                delete from atualizacoes where ctid = any(array(
                    select a.ctid
                    from unnest(
                        \(notices.map(\.noticia.conta.nome)), \(notices.map { PostgresDate($0.chave.data) }), \(notices.map(\.dueVersao))
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

    /// Half a second, doubled with each refusal, to a minute; passing over rows as in ``confirmed(_:)``.
    package func postpone(_ notices: [Notice]) async throws(FalhaDeArmazenamento) {
        try await self.run { connection throws(PostgresError) in
            try await connection.query(
                """
                update atualizacoes set
                    tentativas = least(tentativas + 1, 1000),
                    nao_antes = clock_timestamp() + least(60, 0.5 * power(2, least(tentativas, 7))) * interval '1 second'
                where ctid = any(array(
                    select a.ctid
                    from unnest(
                        \(notices.map(\.noticia.conta.nome)), \(notices.map { PostgresDate($0.chave.data) }), \(notices.map(\.dueVersao))
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

    package func release() async {
        await self.connection.close()
    }

    @discardableResult
    private func run<Value>(
        _ body: (PostgresConnection) async throws(PostgresError) -> Value
    ) async throws(FalhaDeArmazenamento) -> Value {
        do throws(PostgresError) {
            return try await body(self.connection)
        } catch {
            throw .indisponivel
        }
    }
}

/// Hands out the lease under an advisory lock.
package struct PostgresNoticeLeaseSource: NoticeLeaseSource {
    /// Any number; the same for every instance.
    private static let lockKey: Int64 = 7_235_911_408_223_145_003

    private let locks: AdvisoryLockSource
    private let logger: Logger

    package init(configuration: PostgresConfiguration, logger: Logger) {
        self.locks = AdvisoryLockSource(configuration: configuration, key: Self.lockKey)
        self.logger = logger
    }

    package func acquire() async throws(FalhaDeArmazenamento) -> (any NoticeLease)? {
        do throws(PostgresError) {
            return try await self.locks.acquire().map { PostgresNoticeLease(connection: $0) }
        } catch {
            self.logger.debug("no session for what is due", metadata: ["error": "\(error)"])
            throw .indisponivel
        }
    }
}
