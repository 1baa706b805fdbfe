import AMQP
import Contrato
import FluxoDeCaixa
import Lancamentos
import Logging

/// The result of one seed.
struct LifeReport {
    let seed: UInt64
    let hash: UInt64
    let steps: Int
    let entries: Int
    let violation: Violation?
}

/// One short life of the whole system: clients and trouble for a while, then calm, then the accounts.
enum Lifetime {
    /// Retries, look-ups and outages at their longest, from the start of a life.
    private static let lifeMax: Duration = .seconds(3600)
    /// How long after the last failure and the last client every event may be on its way: a silent session keeps the lease for 10 s, the
    /// sweeper reads from its start every 10 s, consumption pauses for up to 8 s, and a confirm is lost after 30 s.
    private static let calmMax: Duration = .seconds(90)
    private static let poll: Duration = .milliseconds(250)
    /// What ends after a life, so that its memory is free.
    private static let endMax: Duration = .seconds(120)

    /// - Parameter tracer: receives a line for each event.
    static func run(seed: UInt64, tracer: ((String) -> Void)? = nil) -> LifeReport? {
        let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        guard let world = World(seed: seed, logger: logger, tracer: tracer) else { return nil }
        defer { world.runtime.end() }
        let entryInstances = ["l1", "l2"].map { world.entryInstance($0) }
        let consumers = ["c1", "c2"].map { world.consumerInstance($0) }
        let readers = Readers(world: world, instances: consumers)
        let clients = Clients(world: world, instances: entryInstances) { readers.read($0) }
        let director = Director(world: world, entryInstances: entryInstances, consumers: consumers)
        let finished = Promise<Bool>()
        Task {
            for instance in entryInstances + consumers { instance.start() }
            await self.live(world, clients, readers, director)
            finished.fulfil(true)
        }
        let ended = world.runtime.run(limit: self.lifeMax) { finished.isFulfilled || world.ledger.violation != nil }
        if !ended { world.ledger.report(.calmInTime, "nothing happens any more, or never ends") }
        if world.ledger.violation == nil { self.audit(world) }
        let report = LifeReport(
            seed: seed, hash: world.runtime.hash, steps: world.runtime.steps, entries: world.entries.entries.count,
            violation: world.ledger.violation)
        for instance in entryInstances + consumers { instance.crash() }
        _ = world.runtime.run(limit: world.runtime.elapsed + self.endMax) { false }
        return report
    }

    private static func live(_ world: World, _ clients: Clients, _ readers: Readers, _ director: Director) async {
        let time = world.dice.duration(.seconds(2), .seconds(60))
        let trouble = Task { await director.run(for: time) }
        let polling = Task { await readers.poll() }
        for _ in 0..<world.dice.number(2...10) {
            clients.start()
            await world.runtime.pause(world.dice.duration(.microseconds(100), .seconds(4)))
        }
        await trouble.value
        while clients.openCount + readers.openCount > 0 { await world.runtime.pause(self.poll) }
        readers.end()
        await polling.value
        let end = world.runtime.elapsed + self.calmMax
        while !self.isDone(world), world.runtime.elapsed < end { await world.runtime.pause(self.poll) }
    }

    private static func isDone(_ world: World) -> Bool {
        world.entries.outbox.isEmpty && world.broker.ready.isEmpty && world.broker.unsettledCount == 0
    }

    /// Compares what was acknowledged, what is registered and what is in the balances.
    private static func audit(_ world: World) {
        let (ledger, registered, applied) = (world.ledger, world.entries.entries, world.balances.applied)
        let (rows, ready, unsettled) = (world.entries.outbox.keys.sorted(), world.broker.ready.count, world.broker.unsettledCount)
        ledger.expect(
            self.isDone(world), .calmInTime,
            "outbox rows \(rows), \(ready) ready and \(unsettled) unsettled messages are left")
        for (id, entry) in ledger.acknowledged.sorted(by: { $0.key < $1.key }) {
            ledger.expect(registered[id]?.lancamento.valor == entry.valor, .acknowledgedOnce, "\(id) is acknowledged and not registered so")
            ledger.expect(applied[id] != nil, .acknowledgedOnce, "\(id) is acknowledged and not in the balances")
        }
        for (id, entry) in applied.sorted(by: { $0.key < $1.key }) {
            let stored = registered[id]?.lancamento
            ledger.expect(
                stored?.conta == entry.conta && stored?.valor == entry.valor && stored?.tipo == entry.tipo, .nothingUnexpected,
                "\(id) is in the balances as \(entry) and registered as \(stored.map { "\($0)" } ?? "nothing")")
        }
        ledger.expect(applied.count == registered.count, .nothingUnexpected, "\(registered.count) registered, \(applied.count) applied")
        for conta in World.contas {
            let own = registered.values.filter { $0.lancamento.conta == conta }.map(\.lancamento)
            let sum = own.reduce(Int128(0)) { $0 + ($1.tipo == .credito ? 1 : -1) * Int128($1.valor.centavos) }
            let balance = world.balances.balances[conta] ?? .init()
            ledger.expect(
                balance.saldo == sum && balance.quantidade == own.count, .acknowledgedOnce, "\(conta) has \(balance), registered are \(sum)"
            )
        }
        let letters = Set(world.broker.letters.map(\.body))
        ledger.expect(
            letters == world.broker.foreignBodies, .lettersAreForeign,
            "\(letters.count) dead letters of \(world.broker.foreignBodies.count) messages that can never be applied")
    }
}
