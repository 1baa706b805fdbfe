import AMQP
import Contrato
import FluxoDeCaixa
import Lancamentos

/// Lets whole parts of the world fail, at random times, until the calm.
final class Director: @unchecked Sendable {
    private enum Trouble: CaseIterable {
        case entryCrash, consumerCrash, entryStop, consumerStop
        case entryDatabaseRestart, entryDatabaseAway, entryDatabaseReadOnly, leaseLost
        case brokerRestart, brokerAway, brokerBlocked, unbound, channelLost
        case balanceDatabaseRestart, balanceDatabaseAway, accountHeld, accountHidden, accountDamaged
        case foreignMessage, conflictingCopy
    }

    private let world: World
    private let entryInstances: [Instance]
    private let consumers: [Instance]
    private let troubles: [Trouble]
    private var foreignMessages = 0
    private(set) var isCalm = false

    init(world: World, entryInstances: [Instance], consumers: [Instance]) {
        self.world = world
        self.entryInstances = entryInstances
        self.consumers = consumers
        self.troubles = Array(world.dice.shuffled(Trouble.allCases).prefix(world.dice.number(0...6)))
        let dice = world.dice
        self.world.entries.rates = .chosen(by: dice)
        self.world.broker.rates = .chosen(by: dice)
        self.world.balances.rates = .chosen(by: dice)
    }

    private var dice: Dice { self.world.dice }
    private var runtime: Runtime { self.world.runtime }

    /// Causes trouble for a while, then ends all of it.
    func run(for time: Duration) async {
        let end = self.runtime.elapsed + time
        while !self.troubles.isEmpty, self.runtime.elapsed < end {
            await self.runtime.pause(min(self.dice.duration(.milliseconds(5), .seconds(10)), max(.zero, end - self.runtime.elapsed)))
            self.cause(self.dice.pick(self.troubles))
        }
        await self.runtime.pause(max(.zero, end - self.runtime.elapsed))
        self.calm()
    }

    private func calm() {
        self.runtime.note("calm")
        self.isCalm = true
        let world = self.world
        (world.entries.rates, world.broker.rates, world.balances.rates) = (FaultRates(), FaultRates(), FaultRates())
        world.entries.refusesWrites = false
        world.entries.start()
        world.balances.start()
        (world.balances.held, world.balances.hidden, world.balances.damaged) = ([], [], [])
        (world.broker.isBlocked, world.broker.isUnbound) = (false, false)
        world.broker.start()
        for instance in self.entryInstances + self.consumers { instance.start() }
    }

    /// Undoes trouble later, unless the calm has done it.
    private func later(_ longest: Duration, _ undo: @escaping () -> Void) {
        self.runtime.after(self.dice.duration(.milliseconds(1), longest)) { if !self.isCalm { undo() } }
    }

    private func cause(_ trouble: Trouble) {
        self.runtime.note("trouble: \(trouble)")
        switch trouble {
        case .entryCrash: self.crash(self.dice.pick(self.entryInstances))
        case .consumerCrash: self.crash(self.dice.pick(self.consumers))
        case .entryStop: self.stop(self.dice.pick(self.entryInstances))
        case .consumerStop: self.stop(self.dice.pick(self.consumers))
        case .entryDatabaseRestart, .entryDatabaseAway, .entryDatabaseReadOnly, .leaseLost: self.causeAtEntries(trouble)
        case .brokerRestart, .brokerAway, .brokerBlocked, .unbound, .channelLost: self.causeAtBroker(trouble)
        case .balanceDatabaseRestart, .balanceDatabaseAway, .accountHeld, .accountHidden, .accountDamaged: self.causeAtBalances(trouble)
        case .foreignMessage: self.sendForeignMessage()
        case .conflictingCopy: self.sendConflictingCopy()
        }
    }

    private func crash(_ instance: Instance) {
        instance.crash()
        self.later(.seconds(30)) { instance.start() }
    }

    private func stop(_ instance: Instance) {
        Task {
            await instance.stop()
            if self.isCalm { return instance.start() }
            self.later(.seconds(10)) { instance.start() }
        }
    }

    private func causeAtEntries(_ trouble: Trouble) {
        let database = self.world.entries
        switch trouble {
        case .entryDatabaseReadOnly:
            database.refusesWrites = true
            self.later(.seconds(20)) { database.refusesWrites = false }
        case .leaseLost: database.leaseHolder?.isOver = true
        default:
            database.stop()
            self.later(trouble == .entryDatabaseAway ? .seconds(180) : .milliseconds(500)) { database.start() }
        }
    }

    private func causeAtBroker(_ trouble: Trouble) {
        let broker = self.world.broker
        switch trouble {
        case .brokerBlocked:
            broker.isBlocked = true
            self.later(.seconds(60)) { broker.isBlocked = false }
        case .unbound:
            broker.isUnbound = true
            self.later(.seconds(15)) { broker.isUnbound = false }
        case .channelLost: self.dice.pick(self.consumers).parts.source?.loseChannel()
        default:
            broker.stop()
            self.later(trouble == .brokerAway ? .seconds(180) : .milliseconds(500)) { broker.start() }
        }
    }

    private func causeAtBalances(_ trouble: Trouble) {
        let database = self.world.balances
        let conta = self.dice.pick(World.contas)
        switch trouble {
        case .accountHeld:
            database.held.insert(conta)
            self.later(.seconds(20)) { database.held.remove(conta) }
        case .accountHidden:
            database.hidden.insert(conta)
            self.later(.seconds(5)) { database.hidden.remove(conta) }
        case .accountDamaged:
            database.damaged.insert(conta)
            self.later(.seconds(20)) { database.damaged.remove(conta) }
        default:
            database.stop()
            self.later(trouble == .balanceDatabaseAway ? .seconds(120) : .milliseconds(500)) { database.start() }
        }
    }

    // MARK: - Messages that can never be applied

    private func sendForeignMessage() {
        self.foreignMessages += 1
        let number = self.foreignMessages
        let id = LancamentoID(bits: 0x0190_0000_0000_7000_8000_0000_0000_0000 | UInt128(number))
        if self.dice.chance(0.5) {
            self.inject(id, Array("nonsense \(number)".utf8))
        } else if let valor = Valor(centavos: Int64(number)) {
            let entry = Lancamento(
                id: id, conta: self.world.balances.poisoned, tipo: .credito, valor: valor, data: self.world.hoje, canal: .rest)
            self.inject(id, EventoLancamentoRegistrado.encode(entry, urlPublica: "http://localhost"))
        }
    }

    /// A copy of an applied entry with another amount.
    private func sendConflictingCopy() {
        guard let id = self.world.balances.applied.keys.max(), var entry = self.world.entries.entries[id]?.lancamento else { return }
        self.foreignMessages += 1
        guard let valor = Valor(centavos: Int64(1_000_000 + self.foreignMessages)) else { return }
        entry.valor = valor
        self.inject(id, EventoLancamentoRegistrado.encode(entry, urlPublica: "http://localhost"))
    }

    private func inject(_ id: LancamentoID, _ body: [UInt8]) {
        var properties = AMQPProperties()
        properties.messageID = id.description
        properties.contentType = AMQPNames.ContentType.cloudEvent
        properties.type = EventoLancamentoRegistrado.type
        self.world.broker.inject(
            AMQPMessage(exchange: AMQPNames.Exchange.lancamentos, routingKey: "lancamento.registrado", properties: properties, body: body))
    }
}
