import Consolidado
import Contrato
import FluxoDeCaixa
import Lancamentos
import Logging
import Mensageria
import ServiceLifecycle
import ServiceRuntime

/// The outside of all processes.
final class World: Sendable {
    let runtime: Runtime
    let dice: Dice
    let ledger: Ledger
    let entries: EntryDatabase
    let broker: Broker
    let balances: BalanceDatabase
    let logger: Logger

    static let contas = ["loja", "loja.caixa", "outra"].compactMap { Conta($0) }
    private static let poisoned = Conta("veneno")
    /// The wall clock at the start of a life.
    private static let startMs: Int64 = 1_795_000_000_000
    private static let today = Dia(ano: 2026, mes: 11, dia: 18)

    init?(seed: UInt64, logger: Logger, tracer: ((String) -> Void)?) {
        guard let poisoned = Self.poisoned else { return nil }
        self.runtime = Runtime(seed: seed, tracer: tracer)
        self.dice = Dice(seed: ~seed)
        self.ledger = Ledger(runtime: self.runtime)
        self.logger = logger
        self.entries = EntryDatabase(runtime: self.runtime, dice: self.dice, ledger: self.ledger)
        self.broker = Broker(runtime: self.runtime, dice: self.dice, ledger: self.ledger)
        self.balances = BalanceDatabase(runtime: self.runtime, dice: self.dice, ledger: self.ledger, poisoned: poisoned)
        let balances = self.balances
        self.broker.isApplied = { balances.applied[$0] != nil }
    }

    var agora: Instante { Instante(milissegundos: Self.startMs + self.runtime.elapsed.nanoseconds / 1_000_000) }

    var hoje: Dia { Self.today ?? .primeiro }
}

/// An instance of a service: it runs, ends in one way or another, and starts again.
final class Instance: @unchecked Sendable {
    /// The parts of a run.
    struct Parts {
        let services: [any Service]
        /// What requests go to; nil for a consumer.
        var requests: LancamentoService?
        /// What reads go to; nil for an instance of the entry service.
        var reads: SaldoService?
        /// What reads wait with.
        var waits: ConsolidationWaits?
        /// The connection that the broker may close; nil for an instance that does not consume.
        var source: QueueSource?
    }

    private static let shutdownMax: Duration = .seconds(14)
    private static let poll: Duration = .milliseconds(50)

    let name: String
    private let world: World
    private let build: (Life) -> Parts
    private var number = 0
    private var running: Task<Void, Never>?
    private var group: ServiceGroup?
    /// It ends: requests are finished, and no new ones are accepted.
    private var isDraining = false
    private(set) var life: Life
    private(set) var parts: Parts

    init(name: String, world: World, build: @escaping (Life) -> Parts) {
        self.name = name
        self.world = world
        self.build = build
        self.life = Life(name: name, number: 0)
        self.parts = Parts(services: [])
        self.life.end()
    }

    /// Its service, if it accepts requests.
    var requests: LancamentoService? { self.life.isAlive && !self.isDraining ? self.parts.requests : nil }

    /// Its reading service, if it accepts reads.
    var reads: SaldoService? { self.life.isAlive && !self.isDraining ? self.parts.reads : nil }

    /// What its reads wait with, if it accepts reads.
    var waits: ConsolidationWaits? { self.life.isAlive && !self.isDraining ? self.parts.waits : nil }

    func start() {
        guard !self.life.isAlive else { return }
        self.number += 1
        let life = Life(name: self.name, number: self.number)
        let parts = self.build(life)
        (self.life, self.parts, self.isDraining) = (life, parts, false)
        self.world.runtime.note("\(life) starts")
        var configuration = ServiceGroupConfiguration(services: parts.services.map { .init(service: $0) }, logger: self.world.logger)
        configuration.maximumGracefulShutdownDuration = Self.shutdownMax
        let group = ServiceGroup(configuration: configuration)
        self.group = group
        let (world, ledger) = (self.world, self.world.ledger)
        self.running = Task {
            do {
                try await group.run()
            } catch {
                // A part that was cancelled at the shutdown's limit says so.
                world.runtime.note("\(life) ended with \(error)")
            }
            ledger.expect(!life.isAlive || self.isDraining, .answeredInTime, "\(life) ended by itself")
        }
    }

    /// The process is gone between two steps.
    func crash() {
        guard self.life.isAlive else { return }
        self.world.runtime.note("\(self.life) crashes")
        self.end()
    }

    /// Ends as at SIGTERM: requests first, then the parts in reverse order.
    func stop() async {
        guard self.life.isAlive, !self.isDraining else { return }
        self.isDraining = true
        let (life, end) = (self.life, self.world.runtime.elapsed + Self.shutdownMax)
        self.world.runtime.note("\(life) stops")
        while life.isAlive, life.hasRequests, self.world.runtime.elapsed < end { await self.world.runtime.pause(Self.poll) }
        guard life.isAlive else { return }
        await self.group?.triggerGracefulShutdown()
        _ = await self.running?.value
        guard self.life === life, life.isAlive else { return }
        self.end()
    }

    private func end() {
        let life = self.life
        life.end()
        self.running?.cancel()
        self.parts.source?.loseChannel()
        self.world.broker.changed()
        // The server notices the end of a session at once, or after its silence.
        guard let hold = self.world.entries.leaseHolder, hold.life === life else { return }
        let silence: Duration = self.world.dice.chance(0.5) ? .milliseconds(1) : LeaseLimits.silenceMax
        self.world.runtime.after(silence) { hold.isOver = true }
    }
}

extension World {
    /// An instance of the entry service. Its small limits are met in a short life.
    func entryInstance(_ name: String) -> Instance {
        var batches = WriteBatcher.Limits(
            queueMax: self.dice.number(2...8), batchRowsMax: self.dice.number(1...5), workers: self.dice.number(1...3),
            answerMax: .seconds(2))
        batches.openClaimsMax = 1000
        var relays = Relay.Limits(ringRowsMax: self.dice.number(1...6))
        relays.burstMax = self.dice.number(1...4)
        relays.burstsInFlight = self.dice.number(1...3)
        relays.deleteRowsMax = self.dice.number(1...5)
        relays.confirmedRowsMax = self.dice.number(2...10)
        var sweeps = Sweeper.Limits()
        sweeps.claimRowsMax = Int64(self.dice.number(1...5))
        return Instance(name: name, world: self) { [batches, relays, sweeps] life in
            let store = EntryStore(database: self.entries, life: life, limits: batches, deleteRowsMax: relays.deleteRowsMax)
            let connection = BrokerPublisher(broker: self.broker, life: life, batchMax: relays.burstMax)
            let publisher = AMQPEventPublisher(
                publisher: connection, isReady: { connection.isReady }, user: "lancamentos", urlPublica: "http://localhost",
                logger: self.logger)
            let relay = Relay(publisher: publisher, outbox: store, limits: relays, logger: self.logger)
            let sweeper = Sweeper(
                leases: OutboxLeases(database: self.entries, life: life), outbox: store, relay: relay, publisher: publisher,
                limits: sweeps, logger: self.logger)
            let batcher = WriteBatcher(
                repository: store, limits: batches, scheduler: self.runtime, logger: self.logger, handOff: { relay.offer($0) })
            let service = LancamentoService(
                repository: store, batcher: batcher, clock: .init(agora: { self.agora }, hoje: { self.hoje }),
                random: self.dice.generator())
            return Instance.Parts(services: [relay, sweeper, batcher], requests: service)
        }
    }

    /// An instance of the consolidation.
    func consumerInstance(_ name: String) -> Instance {
        let (prefetch, batchMax) = (self.dice.number(4...20), self.dice.number(1...8))
        return Instance(name: name, world: self) { life in
            let connection = QueueSource(broker: self.broker, life: life, prefetch: prefetch, batchMax: batchMax)
            let source = RequeuedDeliveries(connection, origin: .eventos(user: "consolidado"))
            let letters = DeadLetters(
                queue: AMQPNames.Queue.consolidado, deadLetterQueue: AMQPNames.Queue.consolidadoDLQ,
                publisher: BrokerPublisher(broker: self.broker, life: life, batchMax: 100), settle: { await source.settle($0) },
                agora: { self.agora }, logger: self.logger)
            let reads = BalanceReads(database: self.balances, life: life)
            let waits = ConsolidationWaits(repository: reads, logger: self.logger)
            let saldos = SaldoService(repository: reads, limits: .init(workers: 1, longWorkers: 1), scheduler: self.runtime)
            let service = ConsolidacaoService(
                repository: BalanceStore(database: self.balances, life: life), onApplied: { waits.applied($0) })
            let consumer = LancamentosConsumer(
                source: source, service: service, deadLetters: letters,
                isDatabaseReady: { life.isAlive && self.balances.isUp }, prefetch: prefetch, agora: { self.agora }, logger: self.logger)
            return Instance.Parts(
                services: [letters, consumer, saldos, waits], reads: saldos, waits: waits,
                source: connection)
        }
    }
}
