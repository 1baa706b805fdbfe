import AMQP
import Contrato
import Fixtures
import FluxoDeCaixa
import LeaseFakes
import Logging
import Postgres
import ServiceLifecycle
import ServiceRuntime
import Storage
import TestSupport
import Testing

@testable import Consolidado
@testable import Lancamentos

/// The reconciliation between the running services, with its parts at a quicker pace and a clock that makes every entry old enough.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct ReconciliationTests {
    private static let page = "FluxoReconciliationDifference.md"

    @Test func `what either side lacks is counted on its day, and nothing is left once it is repaired`() async throws {
        try await RepairScene.with { scene in
            try await scene.register(0..<40)
            try await scene.waitUntilCounted(40)
            let balances = try await scene.balances()
            try await LiveProof.with(scene) { proof in
                try await proof.waitUntilAllIsCompared()
                #expect(try await proof.days().isEmpty)

                // Never applied, as if its message had been lost.
                let id = try await proof.applied(number: 5)
                #expect(try await proof.repair.remove([id]) == 1)
                try await proof.waitForGauge(1)
                let isLogged = try await eventually { try scene.consolidado.readLog().contains("registered and applied entries differ") }
                #expect(isLogged)
                let day = Minuto(id.instante).description.prefix(10)
                #expect(try await proof.days().map(\.description) == ["\(day): 1 not applied, 0 not registered, 1.00"])
                let listed = try await scene.run("days", of: Self.page, as: scene.consolidado)
                #expect(listed.status == 0 && listed.text.contains("\(day) "), "\(listed.text)")
                let audit = try await scene.run("audit", of: Self.page, as: scene.consolidado)
                #expect(audit.status == 1 && audit.text.contains("registered, not applied\t"), "\(audit.text)")
                let replayed = try await scene.run(
                    "replay", of: Self.page, as: scene.lancamentos, ["DAY": String(day)])
                #expect(replayed.status == 0, "\(replayed.text)")
                try await proof.waitForDifference(0)

                // One row deleted by hand on either side.
                try await scene.change(
                    "consolidado", "delete from lancamentos_aplicados where id = '\(try await proof.applied(number: 7))'")
                try await proof.waitForDifference(1)
                try await Self.rebuild(scene)
                try await proof.waitForDifference(0)
                #expect(try await scene.balances() == balances)
                try await scene.change("lancamentos", "delete from lancamentos where id = '\(try await proof.applied(number: 8))'")
                try await proof.waitForDifference(-1)
                try await proof.waitForGauge(-1)
                #expect(try await proof.days().map { "\($0.faltam) \($0.sobram)" } == ["0 1"])
                try await Self.rebuild(scene)
                try await proof.waitForGauge(0)
                #expect(try await scene.counted() == 39)
            }
        }
    }

    @Test func `entries that wait for the consolidation are late, not different`() async throws {
        try await RepairScene.with { scene in
            try await scene.register(0..<10)
            try await scene.waitUntilCounted(10)
            try await LiveProof.with(scene) { proof in
                try await proof.waitUntilAllIsCompared()
                #expect(await scene.consolidado.terminate() == 0)
                try await scene.register(10..<40)
                // They are counted and their counts wait behind them.
                try await Task.sleep(for: .seconds(3))
                #expect(try await proof.days().isEmpty)
                try await scene.consolidado.start()
                try await scene.waitUntilCounted(40)
                try await proof.waitUntilAllIsCompared()
                #expect(try await proof.days().isEmpty)
                #expect(await proof.reported.isEmpty, "no difference was confirmed at any time")
            }
        }
    }

    private static func rebuild(_ scene: RepairScene) async throws {
        let rebuilt = try await scene.run("rebuild", of: Self.page, as: scene.consolidado)
        #expect(rebuilt.status == 0, "\(rebuilt.text)")
    }
}

/// The counter and the reconciler beside the running services, which find nothing to do so early.
private struct LiveProof {
    private static let ahead: Int64 = 6 * 60_000

    let scene: RepairScene
    let store: WatchedStore
    let repair: PostgresBalanceRepair
    private let consolidado: PostgresClient

    static func with(_ scene: RepairScene, _ body: @Sendable @escaping (LiveProof) async throws -> Void) async throws {
        let logger = Logger(label: "tests")
        func configuration(_ service: String) throws -> PostgresConfiguration {
            try PostgresConfiguration.patient(try #require(scene.stack.databases[service]))
        }
        let entries = try await PostgresConnection.connect(configuration("lancamentos"))
        let comparing = try await PostgresConnection.connect(configuration("consolidado"))
        let client = PostgresClient(configuration: try configuration("consolidado"), limits: .init(), logger: logger)
        let broker = try AMQPConfiguration(url: scene.stack.amqpURL, connectionName: "tests")
        let publisher = ConfirmedPublisher(configuration: broker, topology: AMQPTopology(), logger: logger)
        let events = AMQPEventPublisher(
            publisher: publisher, isReady: { publisher.isReady }, user: broker.user, urlPublica: "http://localhost", logger: logger)
        var counting = RegisteredCounter.Limits()
        counting.interval = .milliseconds(200)
        let counter = RegisteredCounter(
            leases: FakeLeases<any RegisteredEntries>(access: PostgresRegisteredEntries(connection: entries)),
            publisher: AMQPCountPublisher(events: events, publisher: publisher), limits: counting,
            agora: { Instante(milissegundos: SystemClock.agora().milissegundos + Self.ahead) }, logger: logger)
        var comparison = Reconciler.Limits()
        comparison.grace = .milliseconds(300)
        comparison.recountInterval = .milliseconds(300)
        comparison.difference.missingFor = .seconds(2)
        comparison.difference.countedAfter = .seconds(2)
        comparison.interval = .milliseconds(100)
        let store = WatchedStore(PostgresReconciliationStore(connection: comparing))
        let reconciler = Reconciler(
            leases: FakeLeases<any ReconciliationStore>(access: store), view: PostgresReconciliationView(client: client, logger: logger),
            limits: comparison, logger: logger)
        let proof = LiveProof(
            scene: scene, store: store, repair: PostgresBalanceRepair(client: client, logger: logger), consolidado: client)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            group.addTask { try await publisher.run() }
            group.addTask { await counter.run() }
            group.addTask { await reconciler.run() }
            defer { group.cancelAll() }
            try await body(proof)
        }
        await entries.close()
        await comparing.close()
    }

    func days() async throws -> [DiaDivergente] {
        try await PostgresReconciliationView(client: self.consolidado, logger: Logger(label: "tests")).confirmed()
    }

    /// Every difference that was ever confirmed.
    var reported: [DiaDivergente] { get async { await self.store.reported } }

    /// The applied entry at this place, in the order of ids.
    func applied(number: Int) async throws -> LancamentoID {
        let rows = try await self.consolidado.query("select id from lancamentos_aplicados order by id offset \(Int64(number)) limit 1")
        return try #require(rows.first).decode(0)
    }

    /// Waits until a count that is made from now on was compared.
    func waitUntilAllIsCompared() async throws {
        let before = await self.store.rounds
        #expect(await eventually { await self.store.rounds >= before + 3 }, "counts are compared")
    }

    func waitForDifference(_ value: Int64, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var last: Int64 = 0
        let isThere = try await eventually {
            last = try await self.days().difference
            return last == value
        }
        #expect(isThere, "the difference is \(last), expected \(value)", sourceLocation: sourceLocation)
    }

    /// Waits until the running service shows the difference.
    func waitForGauge(_ value: Double, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var last: Double?
        let isThere = try await eventually {
            last = try await self.scene.api.get(self.scene.consolidado, "/metrics").metric("fluxo_reconciliation_difference_entries")
            return last == value
        }
        #expect(isThere, "the gauge is \(last.map { "\($0)" } ?? "missing"), expected \(value)", sourceLocation: sourceLocation)
    }
}

/// Counts what the reconciler does.
private actor WatchedStore: ReconciliationStore {
    private let store: any ReconciliationStore
    /// How many counts of a whole round were compared.
    private(set) var rounds = 0
    private(set) var reported: [DiaDivergente] = []

    init(_ store: any ReconciliationStore) {
        self.store = store
    }

    func due(olderThan age: Duration) async throws(StorageFailure) -> ReceivedCount? { try await self.store.due(olderThan: age) }

    func applied(_ periodo: Range<Minuto>, entriesMax: Int64) async throws(StorageFailure) -> AppliedCount {
        try await self.store.applied(periodo, entriesMax: entriesMax)
    }

    func known(_ minutos: [Minuto]) async throws(StorageFailure) -> [Diferenca] { try await self.store.known(minutos) }

    func replace(
        _ differences: [Diferenca], in periodo: Range<Minuto>, for count: ReceivedCount, countedAt: Instante
    ) async throws(StorageFailure) {
        try await self.store.replace(differences, in: periodo, for: count, countedAt: countedAt)
        if count.conferencia.passagem == .ronda { self.rounds += 1 }
    }

    func recount(olderThan age: Duration, minutesMax: Int) async throws(StorageFailure) -> [Recount] {
        try await self.store.recount(olderThan: age, minutesMax: minutesMax)
    }

    func replace(_ differences: [(minuto: Minuto, Diferenca?)], countedAt: Instante) async throws(StorageFailure) {
        try await self.store.replace(differences, countedAt: countedAt)
    }

    func confirmed() async throws(StorageFailure) -> [DiaDivergente] {
        let days = try await self.store.confirmed()
        self.reported += days
        return days
    }
}
