import Contrato
import Fixtures
import FluxoDeCaixa
import LeaseFakes
import Logging
import ServiceRuntime
import Storage
import Testing

@testable import Consolidado

@Suite(.timeLimit(.minutes(5))) struct ReconcilerTests {
    private static let first = Minuto(Instante(parsing: "2026-11-28T23:58:00Z")!)

    /// Runs a reconciler until the condition holds.
    @discardableResult
    private static func reconcile(
        _ store: FakeReconciliation, until done: () async -> Bool
    ) async -> FakeLeases<any ReconciliationStore> {
        let leases = FakeLeases<any ReconciliationStore>(access: store)
        var limits = Reconciler.Limits()
        limits.interval = .milliseconds(1)
        limits.lease.idleInterval = .milliseconds(1)
        let reconciler = Reconciler(leases: leases, view: store, limits: limits, logger: Logger(label: "tests"))
        let run = Task { await reconciler.run() }
        #expect(await eventually { await done() })
        run.cancel()
        await run.value
        return leases
    }

    @Test func `minutes that are alike leave nothing behind`() async {
        let store = FakeReconciliation(applied: [Self.first: 2, Self.first.somando(3): 1])
        await store.receive([Self.first: 2, Self.first.somando(3): 1], Self.first..<Self.first.somando(10))
        await Self.reconcile(store) { await store.waiting == 0 }
        #expect(await store.differences.isEmpty)
        #expect(await store.positions == [.nova: Self.first.somando(10)])
    }

    @Test func `a missing entry is counted on its day once a minute has passed, and no more when it was applied`() async {
        let store = FakeReconciliation(applied: [Self.first: 2, Self.first.somando(3): 1])
        await store.receive([Self.first: 2, Self.first.somando(3): 2], Self.first..<Self.first.somando(10))
        await Self.reconcile(store) { await store.recounts > 3 }
        #expect(await store.differences.count == 1)
        #expect(await store.days.isEmpty)
        await store.advance(seconds: 61)
        await Self.reconcile(store) { await !store.days.isEmpty }
        #expect(await store.days.map(\.dia.description) == ["2026-11-29"])
        #expect(await store.days.difference == 1)
        await store.apply([Self.first: 2, Self.first.somando(3): 2])
        await store.advance(seconds: 61)
        await Self.reconcile(store) { await store.differences.isEmpty }
        #expect(await store.days.difference == 0)
    }

    @Test func `entries of minutes that were not registered are a surplus, once a later count lacks them too`() async {
        let store = FakeReconciliation(applied: [Self.first.somando(1): 4])
        let period = Self.first..<Self.first.somando(10)
        await store.receive([:], period)
        await Self.reconcile(store) { await store.differences.count == 1 }
        await store.advance(seconds: 3600)
        await Self.reconcile(store) { await store.recounts > 3 }
        #expect(await store.days.isEmpty)
        await store.receive([:], period)
        await Self.reconcile(store) { await !store.days.isEmpty }
        #expect(await store.days.map(\.dia.description) == ["2026-11-28"])
        #expect(await store.days.difference == -4)
    }

    @Test func `a difference that a later count no longer shows is removed`() async {
        let store = FakeReconciliation(applied: [Self.first: 3])
        let period = Self.first..<Self.first.somando(10)
        await store.receive([Self.first: 2], period)
        await Self.reconcile(store) { await store.differences.count == 1 }
        await store.receive([Self.first: 3], period)
        await Self.reconcile(store) { await store.differences.isEmpty }
    }

    @Test func `what could not be counted is not compared`() async {
        // The first five minutes reach the limit.
        let store = FakeReconciliation(applied: [Self.first: 3, Self.first.somando(7): 1], countedMinutes: 5)
        await store.receive([Self.first: 2, Self.first.somando(8): 2], Self.first..<Self.first.somando(10))
        await Self.reconcile(store) { await store.waiting == 0 }
        #expect(await store.differences.map(\.minuto) == [Self.first])
        #expect(await store.positions == [.nova: Self.first.somando(5)])
    }

    @Test func `a failure gives the lease back, and the count is compared by the next holder`() async {
        let store = FakeReconciliation(applied: [Self.first: 1], failures: 2)
        await store.receive([Self.first: 2], Self.first..<Self.first.somando(1))
        let leases = await Self.reconcile(store) { await store.differences.count == 1 }
        #expect(await leases.count == 3)
    }
}

/// Received counts, applied entries and differences in memory, with a clock that only ``advance(seconds:)`` moves.
private actor FakeReconciliation: ReconciliationStore, ReconciliationView {
    private var appliedEntries: [Minuto: Int64]
    private let countedMinutes: Int64?
    private var failures: Int
    private var counts: [ReceivedCount] = []
    private var known: [Minuto: (difference: Diferenca, countedAt: Instante)] = [:]
    private var now = Instante(parsing: "2026-11-29T10:00:00Z")!
    private var number: Int64 = 0
    private(set) var positions: [Conferencia.Passagem: Minuto] = [:]
    private(set) var recounts = 0

    init(applied: [Minuto: Int64], countedMinutes: Int64? = nil, failures: Int = 0) {
        self.appliedEntries = applied
        self.countedMinutes = countedMinutes
        self.failures = failures
    }

    var waiting: Int { self.counts.count }
    var differences: [Diferenca] { self.known.values.map(\.difference).sorted { $0.minuto < $1.minuto } }

    var days: [DiaDivergente] {
        let confirmed = self.differences.filter(\.isConfirmed)
        return Dictionary(grouping: confirmed) { $0.minuto.description.prefix(10) }.map { day, differences in
            DiaDivergente(
                dia: Dia(parsing: String(day))!,
                faltam: differences.reduce(0) { $0 + max(0, $1.registrado.quantidade - $1.aplicado.quantidade) },
                sobram: differences.reduce(0) { $0 + max(0, $1.aplicado.quantidade - $1.registrado.quantidade) }, saldo: .zero)
        }.sorted { $0.dia < $1.dia }
    }

    func advance(seconds: Int64) { self.now = Instante(milissegundos: self.now.milissegundos + seconds * 1000) }

    func apply(_ entries: [Minuto: Int64]) { self.appliedEntries = entries }

    func receive(_ registered: [Minuto: Int64], _ periodo: Range<Minuto>) {
        self.number += 1
        let conferencia = Conferencia(passagem: .nova, registrados: Self.contagem(registered, periodo))
        self.counts.append(ReceivedCount(number: self.number, receivedAt: self.now, conferencia: conferencia))
    }

    private static func contagem(_ entries: [Minuto: Int64], _ periodo: Range<Minuto>) -> ContagemPorMinuto {
        let items = entries.filter { periodo.contains($0.key) }.sorted { $0.key < $1.key }.map { minuto, quantidade in
            ContagemPorMinuto.Item(minuto: minuto, contagem: Contagem(quantidade: quantidade, creditos: .zero, debitos: .zero))
        }
        return ContagemPorMinuto(periodo: periodo, itens: items)
    }

    func due(olderThan age: Duration) async throws(StorageFailure) -> ReceivedCount? {
        if self.failures > 0 {
            self.failures -= 1
            throw .unavailable
        }
        return self.counts.first
    }

    func applied(_ periodo: Range<Minuto>, entriesMax: Int64) async throws(StorageFailure) -> AppliedCount {
        let end = self.countedMinutes.map { min(periodo.lowerBound.somando($0), periodo.upperBound) } ?? periodo.upperBound
        return AppliedCount(aplicados: Self.contagem(self.appliedEntries, periodo.lowerBound..<end), countedAt: self.now)
    }

    func known(_ minutos: [Minuto]) async throws(StorageFailure) -> [Diferenca] { minutos.compactMap { self.known[$0]?.difference } }

    func replace(
        _ differences: [Diferenca], in periodo: Range<Minuto>, for count: ReceivedCount, countedAt: Instante
    ) async throws(StorageFailure) {
        self.counts.removeAll { $0.number == count.number }
        self.positions[count.conferencia.passagem] = periodo.upperBound
        self.known = self.known.filter { !periodo.contains($0.key) }
        for difference in differences { self.known[difference.minuto] = (difference, countedAt) }
    }

    func recount(olderThan age: Duration, minutesMax: Int) async throws(StorageFailure) -> [Recount] {
        self.recounts += 1
        let limit = self.now.milissegundos - Int64(age / .milliseconds(1))
        return self.known.values.filter { $0.countedAt.milissegundos <= limit }.map { known in
            let quantidade = self.appliedEntries[known.difference.minuto] ?? 0
            return Recount(
                difference: known.difference, aplicado: Contagem(quantidade: quantidade, creditos: .zero, debitos: .zero),
                countedAt: self.now)
        }
    }

    func replace(_ differences: [(minuto: Minuto, Diferenca?)], countedAt: Instante) async throws(StorageFailure) {
        for (minuto, difference) in differences { self.known[minuto] = difference.map { ($0, countedAt) } }
    }

    func confirmed() async throws(StorageFailure) -> [DiaDivergente] { self.days }

    func age() async throws(StorageFailure) -> Duration { .zero }
}
