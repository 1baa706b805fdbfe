import Consolidado
import Contrato
import FluxoDeCaixa
import Storage

/// The database of the consolidation, with what goes wrong. A batch is one transaction that locks its accounts until its end.
final class BalanceDatabase: @unchecked Sendable {
    /// The sums of one account.
    struct Balance: Equatable {
        var versao: Int64 = 0
        var saldo: Int128 = 0
        var quantidade = 0
    }

    /// The lock time-out of the consumer's sessions.
    private static let lockMax: Duration = .milliseconds(250)
    private static let lockPoll: Duration = .milliseconds(10)

    let runtime: Runtime
    let dice: Dice
    let ledger: Ledger
    var rates = FaultRates()
    private(set) var isUp = true
    private(set) var applied: [LancamentoID: LancamentoAplicavel] = [:]
    private(set) var balances: [Conta: Balance] = [:]
    /// The balance of each version of each account.
    private(set) var history: [Conta: [Int64: Balance]] = [:]
    /// The version of its account that each entry made.
    private(set) var versions: [LancamentoID: Int64] = [:]
    /// Accounts whose rows other sessions hold.
    var held: Set<Conta> = []
    /// Accounts that other sessions have inserted and not committed: no query shows them.
    var hidden: Set<Conta> = []
    /// Accounts whose changes the database refuses.
    var damaged: Set<Conta> = []
    /// The account whose entries the database can never store.
    let poisoned: Conta
    private var locked: Set<Conta> = []
    private var epoch = 0

    init(runtime: Runtime, dice: Dice, ledger: Ledger, poisoned: Conta) {
        self.runtime = runtime
        self.dice = dice
        self.ledger = ledger
        self.poisoned = poisoned
    }

    func stop() {
        guard self.isUp else { return }
        self.runtime.note("balance database stops")
        self.isUp = false
        self.epoch += 1
    }

    func start() { self.isUp = true }

    /// The accounts that a statement would wait for.
    func lockedAccounts(of contas: Set<Conta>) -> Set<Conta> { contas.intersection(self.held.union(self.locked)) }

    /// Runs a batch on the server.
    func apply(_ entries: [LancamentoAplicavel]) async throws(ApplyFailure) -> Set<LancamentoID> {
        self.ledger.expect(
            Set(entries.map(\.id)).count == entries.count, .bounded, "a statement has an id twice, which the database would count twice")
        let begun = self.epoch
        let contas = Set(entries.map(\.conta))
        var waited: Duration = .zero
        while !contas.isDisjoint(with: self.held.union(self.hidden).union(self.locked)) {
            guard waited < Self.lockMax else { throw .rowLocked }
            await self.runtime.pause(Self.lockPoll)
            waited += Self.lockPoll
            guard begun == self.epoch else { throw .unavailable }
        }
        if !contas.isDisjoint(with: self.damaged) { throw .refused }
        if contas.contains(self.poisoned) { throw .invalidData }
        self.locked.formUnion(contas)
        defer { self.locked.subtract(contas) }
        await self.runtime.pause(self.dice.duration(.microseconds(50), .milliseconds(5)))
        guard begun == self.epoch else { throw .unavailable }
        return self.commit(entries)
    }

    private func commit(_ entries: [LancamentoAplicavel]) -> Set<LancamentoID> {
        var new: Set<LancamentoID> = []
        for entry in entries where self.applied[entry.id] == nil {
            self.applied[entry.id] = entry
            new.insert(entry.id)
            let signed = entry.tipo == .credito ? Int128(entry.valor.centavos) : -Int128(entry.valor.centavos)
            self.balances[entry.conta, default: Balance()].saldo += signed
            self.balances[entry.conta, default: Balance()].quantidade += 1
        }
        for conta in Set(entries.filter { new.contains($0.id) }.map(\.conta)) {
            self.balances[conta, default: Balance()].versao += 1
            let balance = self.balances[conta] ?? Balance()
            self.history[conta, default: [:]][balance.versao] = balance
        }
        for entry in entries where new.contains(entry.id) { self.versions[entry.id] = self.balances[entry.conta]?.versao }
        self.runtime.note("applied \(new.count) of \(entries.count) entries", Int64(new.count))
        return new
    }
}

/// The balance database as one consumer reaches it.
final class BalanceStore: SaldoRepository, @unchecked Sendable {
    /// How long a call waits for a server that does not answer.
    private static let answerMax: Duration = .seconds(3)
    /// Batches, retries of accounts set aside, and their questions.
    private static let callsAtOnceMax = 3

    private let database: BalanceDatabase
    private let life: Life
    private var callsAtOnce = 0

    init(database: BalanceDatabase, life: Life) {
        self.database = database
        self.life = life
    }

    private var dice: Dice { self.database.dice }

    func apply(_ entries: [LancamentoAplicavel]) async throws(ApplyFailure) -> Set<LancamentoID> {
        try await self.begin()
        defer { self.callsAtOnce -= 1 }
        if self.dice.chance(self.database.rates.lostBefore) { throw .unavailable }
        let new = try await self.database.apply(entries)
        if self.dice.chance(self.database.rates.lostAfter) { throw .unavailable }
        return new
    }

    func applied(_ ids: [LancamentoID]) async throws(ApplyFailure) -> [LancamentoID: LancamentoAplicavel] {
        try await self.begin()
        defer { self.callsAtOnce -= 1 }
        return self.database.applied.filter { ids.contains($0.key) }
    }

    func lockedAccounts(of entries: [LancamentoAplicavel]) async throws(ApplyFailure) -> Set<Conta> {
        try await self.begin()
        defer { self.callsAtOnce -= 1 }
        return self.database.lockedAccounts(of: Set(entries.map(\.conta)))
    }

    /// One statement reaches the server.
    private func begin() async throws(ApplyFailure) {
        guard self.life.isAlive else { throw .unavailable }
        self.callsAtOnce += 1
        self.database.ledger.expect(self.callsAtOnce <= Self.callsAtOnceMax, .bounded, "\(self.callsAtOnce) calls of the store at once")
        await self.database.runtime.pause(self.dice.duration(.microseconds(50), .milliseconds(2)))
        if self.dice.chance(self.database.rates.readStalls) {
            await self.database.runtime.pause(self.dice.duration(.milliseconds(10), Self.answerMax))
        }
        guard self.life.isAlive, self.database.isUp, !self.dice.chance(self.database.rates.unavailable) else {
            self.callsAtOnce -= 1
            throw .unavailable
        }
    }
}
