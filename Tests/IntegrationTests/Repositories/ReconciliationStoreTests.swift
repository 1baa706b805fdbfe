import Contrato
import Fixtures
import FluxoDeCaixa
import Logging
import Postgres
import ServiceRuntime
import TestSupport
import Testing

@testable import Consolidado
@testable import Lancamentos

/// Both sides of the reconciliation on databases of a real server.
@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(5)))
struct ReconciliationStoreTests {
    /// Entries of a minute and a half, one a second from 10:00:00 on: 90, every third a debit; of 1 centavo, 2, 3…
    private static let minuto = Minuto(Instante(parsing: "2025-03-10T10:00:00Z")!)
    private static let entries = 90

    private static func insert(into table: String) -> String {
        let columns = table == "lancamentos" ? "id, conta, tipo, valor, data, natureza, canal" : "id, conta, tipo, valor, data, natureza"
        let canal = table == "lancamentos" ? ", 'rest'" : ""
        return """
            insert into \(table) (\(columns))
            select (lpad(to_hex(\(Self.minuto.instante.milissegundos) + n * 1000), 12, '0') || '7000' || '8000' || lpad(to_hex(n), 12, '0'))::uuid,
                   'loja', case n % 3 when 0 then 'debito' else 'credito' end, n + 1, '2025-03-10', 'operacional'\(canal)
            from generate_series(0, \(Self.entries - 1)) n
            """
    }

    private static func expected(_ seconds: Range<Int>) -> Contagem {
        func sum(_ isDebit: Bool) -> Quantia {
            let values: [Int128] = seconds.filter { $0.isMultiple(of: 3) == isDebit }.map { Int128($0) + 1 }
            return Quantia(centavos: values.reduce(0, +))
        }
        return Contagem(quantidade: Int64(seconds.count), creditos: sum(false), debitos: sum(true))
    }

    private static let counted = [
        ContagemPorMinuto.Item(minuto: minuto, contagem: expected(0..<60)),
        ContagemPorMinuto.Item(minuto: minuto.somando(1), contagem: expected(60..<90)),
    ]

    private static func withStore(
        _ body: @Sendable @escaping (any ReconciliationStore, PostgresReconciliationView, PostgresClient) async throws -> Void
    ) async throws {
        try await withSchema(ConsolidadoMigrations.migrations) { client, configuration in
            let lease = try #require(try await PostgresReconciliationStore.source(configuration).acquire())
            #expect(try await PostgresReconciliationStore.source(configuration).acquire() == nil)
            try await body(lease.access, PostgresReconciliationView(client: client, logger: Logger(label: "tests")), client)
            await lease.release()
        }
    }

    @Test func `registered entries are counted by minute, up to a limit, and places are kept`() async throws {
        try await withSchema(LancamentosMigrations.migrations) { client, configuration in
            let lease = try #require(try await PostgresRegisteredEntries.source(configuration).acquire())
            let entries = lease.access
            #expect(try await entries.progress() == CountingProgress(positions: [:], oldestPending: nil))
            #expect(try await entries.last(before: Self.minuto) == nil)
            try await client.withConnection { connection throws(PostgresError) in
                try await connection.runScript(Self.insert(into: "lancamentos"))
            }

            let period = Minuto.primeiro..<Self.minuto.somando(100)
            let all = try await entries.count(period, entriesMax: 1000, minutesMax: 10)
            #expect(all == ContagemPorMinuto(periodo: period, itens: Self.counted))
            let one = try await entries.count(period, entriesMax: 70, minutesMax: 10)
            #expect(one == ContagemPorMinuto(periodo: .primeiro..<Self.minuto.somando(1), itens: [Self.counted[0]]))
            // Nothing before the first minute with more than the limit, then that minute whole.
            let none = try await entries.count(period, entriesMax: 20, minutesMax: 10)
            #expect(none == ContagemPorMinuto(periodo: .primeiro..<Self.minuto, itens: []))
            let whole = try await entries.count(Self.minuto..<period.upperBound, entriesMax: 20, minutesMax: 10)
            #expect(whole == ContagemPorMinuto(periodo: Self.minuto..<Self.minuto.somando(1), itens: [Self.counted[0]]))

            let last = try #require(try await entries.last(before: Self.minuto.somando(1)))
            #expect(last.lancamento.valor.centavos == 60)
            for ate in [Self.minuto, Self.minuto.somando(3)] { try await entries.store(.ronda, until: ate) }
            try await client.query("insert into outbox (id) select id from lancamentos order by id desc limit 2")
            let progress = try await entries.progress()
            #expect(progress.positions == [.ronda: Self.minuto.somando(3)])
            #expect(progress.oldestPending?.instante == Instante(milissegundos: Self.minuto.instante.milissegundos + 88_000))
            await lease.release()
        }
    }

    @Test func `received counts wait their time, in order, and what cannot be read is passed over`() async throws {
        try await Self.withStore { store, view, client in
            let counts = (1...3).map { number in
                Conferencia(
                    passagem: .segunda,
                    registrados: ContagemPorMinuto(periodo: Self.minuto..<Self.minuto.somando(Int64(number)), itens: Self.counted))
            }
            try await client.query("insert into conferencias (conteudo) values ('{}')")
            for count in counts.dropFirst() { try await view.keep(count) }
            #expect(try await store.due(olderThan: .seconds(60)) == nil)
            let due = try #require(try await store.due(olderThan: .zero))
            #expect(due.conferencia == counts[1])
            try await store.replace([], in: counts[1].registrados.periodo, for: due, countedAt: due.receivedAt)
            #expect(try await store.due(olderThan: .zero)?.conferencia == counts[2])
            // Counts of the day before are forgotten.
            try await client.query("update conferencias set recebida_em = recebida_em - interval '25 hours'")
            try await view.keep(counts[1])
            #expect(try await store.due(olderThan: .zero)?.conferencia == counts[1])
        }
    }

    @Test func `applied entries are counted by minute, and a count that reaches its limit says how far it went`() async throws {
        try await Self.withStore { store, _, client in
            try await client.withConnection { connection throws(PostgresError) in
                try await connection.runScript(Self.insert(into: "lancamentos_aplicados"))
            }
            let period = Minuto.primeiro..<Self.minuto.somando(100)
            #expect(try await store.applied(period, entriesMax: 1000).aplicados == ContagemPorMinuto(periodo: period, itens: Self.counted))
            let cut = try await store.applied(period, entriesMax: 70).aplicados
            #expect(cut == ContagemPorMinuto(periodo: .primeiro..<Self.minuto.somando(1), itens: [Self.counted[0]]))
            // At least so many in the first minute.
            let least = try await store.applied(Self.minuto..<period.upperBound, entriesMax: 20).aplicados
            #expect(least.periodo == Self.minuto..<Self.minuto.somando(1))
            #expect(least.itens.map(\.contagem.quantidade) == [20])
        }
    }

    @Test func `differences are kept, counted again, and added up by day`() async throws {
        try await Self.withStore { store, view, client in
            try await client.withConnection { connection throws(PostgresError) in
                try await connection.runScript(Self.insert(into: "lancamentos_aplicados"))
            }
            func difference(_ minutes: Int64, registered: Int64, applied: Int64, _ isConfirmed: Bool) -> Diferenca {
                func contagem(_ number: Int64) -> Contagem {
                    Contagem(quantidade: number, creditos: Quantia(centavos: Int128(number) * 10), debitos: Quantia(centavos: 3))
                }
                return Diferenca(
                    minuto: Self.minuto.somando(minutes), registrado: contagem(registered), aplicado: contagem(applied), primeiros: applied,
                    desde: Self.minuto.instante, isConfirmed: isConfirmed)
            }
            let midnight = Minuto(Instante(parsing: "2025-03-11T00:00:00Z")!).desde1970 - Self.minuto.desde1970
            let kept = [
                difference(0, registered: 5, applied: 2, true), difference(1, registered: 5, applied: 5, true),
                difference(2, registered: 5, applied: 1, false), difference(midnight, registered: 1, applied: 8, true),
            ]
            try await store.replace(kept.map { (minuto: $0.minuto, $0) }, countedAt: Self.minuto.instante)
            let known = try await store.known(kept.map(\.minuto) + [Self.minuto.somando(7)]).sorted { $0.minuto < $1.minuto }
            #expect(known == kept)
            let days = try await store.confirmed()
            #expect(
                days.map(\.description) == [
                    "2025-03-10: 4 not applied, 0 not registered, 0.30", "2025-03-11: 0 not applied, 7 not registered, -0.70",
                ])
            #expect(try await view.confirmed() == days)

            #expect(try await store.recount(olderThan: .seconds(3600 * 24 * 3650), minutesMax: 10).isEmpty)
            let recounts = try await store.recount(olderThan: .zero, minutesMax: 2)
            #expect(recounts.map(\.difference) == Array(kept.prefix(2)))
            #expect(recounts.map(\.aplicado) == Self.counted.map(\.contagem))
            // Those that are alike now, and one that is not.
            try await store.replace(
                [(minuto: kept[0].minuto, nil), (minuto: kept[1].minuto, kept[1])], countedAt: Instante(milissegundos: 0))
            #expect(try await store.recount(olderThan: .zero, minutesMax: 1).map(\.difference) == [kept[1]])
            // A count of their period shows one of the others only.
            try await view.keep(
                Conferencia(passagem: .nova, registrados: ContagemPorMinuto(periodo: Self.minuto..<Self.minuto.somando(3), itens: [])))
            let due = try #require(try await store.due(olderThan: .zero))
            try await store.replace([kept[2]], in: due.conferencia.registrados.periodo, for: due, countedAt: Self.minuto.instante)
            #expect(try await store.known(kept.map(\.minuto)).map(\.minuto).sorted() == [kept[2].minuto, kept[3].minuto])
            #expect(try await store.due(olderThan: .zero) == nil)
        }
    }

    @Test func `the age is that of the newest minute that was compared, and before it that of the first entry`() async throws {
        try await Self.withStore { store, view, client in
            #expect(try await view.age() == .zero)
            let applied = TestEntry.aplicavel(1)
            try await Saldos(client).apply([applied])
            func age(since instante: Instante) -> ClosedRange<Duration> {
                let now = SystemClock.agora().milissegundos
                return .milliseconds(now - instante.milissegundos - 60_000)...(.milliseconds(now - instante.milissegundos + 60_000))
            }
            #expect(age(since: applied.id.instante).contains(try await view.age()))
            for (passagem, minutes) in [(Conferencia.Passagem.nova, Int64(3)), (.ronda, 1)] {
                try await view.keep(
                    Conferencia(
                        passagem: passagem, registrados: ContagemPorMinuto(periodo: Self.minuto..<Self.minuto.somando(3), itens: [])))
                let due = try #require(try await store.due(olderThan: .zero))
                try await store.replace(
                    [], in: Self.minuto..<Self.minuto.somando(minutes), for: due, countedAt: Self.minuto.instante)
            }
            #expect(age(since: Self.minuto.somando(3).instante).contains(try await view.age()))
        }
    }
}
