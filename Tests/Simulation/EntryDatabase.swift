import FluxoDeCaixa
import Lancamentos
import Storage

/// The database of the entry service: what is committed, what is open, and what goes wrong.
///
/// It behaves as PostgreSQL does for the statements of the repositories: a batch is one transaction, its rows and their keys are locked
/// until its end, nothing of it is visible before, and it may commit long after its client has left.
final class EntryDatabase: @unchecked Sendable {
    /// What happens to one write.
    enum Fate {
        case normal
        /// Nothing was sent, or it was rolled back.
        case unavailable
        case overloaded
        /// The connection ends before the statement arrives.
        case lostBefore
        /// It is executed, and the answer is lost.
        case lostAfter
        /// The server reads the statement later.
        case readAfter(Duration)
        /// The commit waits, for a replica or for the disk.
        case commitWaits(Duration, commits: Bool)
    }

    private final class Transaction {
        let locks: Set<String>
        let rows: [Registration]
        var isOver = false

        init(locks: Set<String>, rows: [Registration]) {
            self.locks = locks
            self.rows = rows
        }
    }

    struct OutboxRow {
        let entry: LancamentoID
        let since: Int64
    }

    /// The lock time-out of the entry service's sessions.
    private static let lockMax: Duration = .milliseconds(400)
    private static let lockPoll: Duration = .milliseconds(20)

    let runtime: Runtime
    let dice: Dice
    let ledger: Ledger
    var rates = FaultRates()
    /// Whether it answers.
    private(set) var isUp = true
    /// Whether it is read-only.
    var refusesWrites = false

    private(set) var entries: [LancamentoID: Registration] = [:]
    private(set) var outbox: [Int64: OutboxRow] = [:]
    private var claims: [String: LancamentoID] = [:]
    private var open: [Transaction] = []
    private var nextSeq: Int64 = 1
    /// Grows when the server restarts: what was under way before is lost.
    private var epoch = 0
    private(set) var leaseHolder: LeaseHold?

    init(runtime: Runtime, dice: Dice, ledger: Ledger) {
        self.runtime = runtime
        self.dice = dice
        self.ledger = ledger
    }

    /// The locks of an entry's keys.
    static func claims(of entry: Lancamento) -> [String] {
        var claims: [String] = []
        if let chave = entry.chave { claims.append("\(entry.conta) \(chave)") }
        if let original = entry.estornoDe { claims.append("estorno \(original)") }
        return claims
    }

    var openClaims: Set<String> { self.open.reduce(into: []) { $0.formUnion($1.locks) } }

    // MARK: - The server's life

    func stop() {
        guard self.isUp else { return }
        self.runtime.note("entry database stops")
        self.isUp = false
        self.epoch += 1
        for transaction in self.open { transaction.isOver = true }
        self.open.removeAll()
        self.leaseHolder = nil
    }

    func start() { self.isUp = true }

    // MARK: - Writing

    /// Runs a batch on the server.
    func write(_ rows: [Registration], _ fate: Fate, _ answer: Promise<Result<[LancamentoID: Int64], StorageFailure>>) async {
        let begun = self.epoch
        if case .readAfter(let delay) = fate { await self.runtime.pause(delay) }
        await self.runtime.pause(self.dice.duration(.microseconds(50), .milliseconds(2)))
        guard self.isUp, begun == self.epoch else { return answer.fulfil(.failure(.outcomeUnknown)) }
        if case .lostBefore = fate { return answer.fulfil(.failure(.outcomeUnknown)) }
        if self.refusesWrites { return answer.fulfil(.failure(.refused)) }
        let locks = Set(rows.flatMap { Self.claims(of: $0.lancamento) + ["\($0.lancamento.id)"] })
        guard await self.lock(locks, begun) else {
            for row in rows { self.ledger.metOpen(Ledger.mark(row.traceparent, row.lancamento.referencia)) }
            return answer.fulfil(.failure(begun == self.epoch ? .lockHeld : .outcomeUnknown))
        }
        let transaction = self.begin(rows, locks)
        self.runtime.note("writing \(transaction.rows.count) of \(rows.count) rows", Int64(rows.count))
        await self.runtime.pause(self.dice.duration(.microseconds(50), .milliseconds(5)))
        var commits = true
        if case .commitWaits(let delay, let does) = fate {
            await self.runtime.pause(delay)
            commits = does
        }
        guard !transaction.isOver else { return answer.fulfil(.failure(.outcomeUnknown)) }
        transaction.isOver = true
        self.open.removeAll { $0 === transaction }
        if commits { self.commit(transaction) }
        if case .lostAfter = fate { commits = false }
        let stored = transaction.rows.map { ($0.lancamento.id, $0.seq ?? 0) }
        answer.fulfil(commits ? .success(Dictionary(stored) { first, _ in first }) : .failure(.outcomeUnknown))
    }

    /// - Returns: false after the lock time-out, or if the server stopped.
    private func lock(_ locks: Set<String>, _ begun: Int) async -> Bool {
        var waited: Duration = .zero
        while self.open.contains(where: { !$0.locks.isDisjoint(with: locks) }) {
            guard waited < Self.lockMax, begun == self.epoch else { return false }
            await self.runtime.pause(Self.lockPoll)
            waited += Self.lockPoll
        }
        return begun == self.epoch
    }

    /// Inserts what conflicts with nothing.
    private func begin(_ rows: [Registration], _ locks: Set<String>) -> Transaction {
        var inserted: [Registration] = []
        var taken: Set<String> = []
        for var row in rows {
            let claims = Self.claims(of: row.lancamento) + ["\(row.lancamento.id)"]
            guard self.entries[row.lancamento.id] == nil, claims.allSatisfy({ self.claims[$0] == nil && !taken.contains($0) })
            else { continue }
            taken.formUnion(claims)
            row.seq = self.nextSeq
            self.nextSeq += 1
            inserted.append(row)
        }
        let transaction = Transaction(locks: locks, rows: inserted)
        self.open.append(transaction)
        return transaction
    }

    private func commit(_ transaction: Transaction) {
        for row in transaction.rows {
            let entry = row.lancamento
            self.entries[entry.id] = row
            for claim in Self.claims(of: entry) { self.claims[claim] = entry.id }
            self.outbox[row.seq ?? 0] = OutboxRow(entry: entry.id, since: self.runtime.now)
            self.ledger.committed(row, claims: Self.claims(of: entry))
        }
    }

    /// Waits until the transactions that are open now have ended.
    /// - Returns: false if they have not after `wait`.
    func openWritesEnd(within wait: Duration) async -> Bool {
        let transactions = self.open
        let end = self.runtime.now + wait.nanoseconds
        while transactions.contains(where: { !$0.isOver }) {
            guard self.runtime.now + Self.lockPoll.nanoseconds < end else { return false }
            await self.runtime.pause(Self.lockPoll)
        }
        return true
    }

    // MARK: - Reading

    /// The entry as it is now, with its reversal.
    func entry(_ id: LancamentoID) -> Registration? {
        guard let row = self.entries[id] else { return nil }
        var entry = row.lancamento
        entry.estornadoPor = self.claims["estorno \(id)"]
        return Registration(lancamento: entry, conteudo: row.conteudo)
    }

    /// The entry that answers a registration.
    func settled(_ registration: Registration) -> Registration? {
        if let own = self.entry(registration.lancamento.id) { return own }
        return Self.claims(of: registration.lancamento).lazy.compactMap { self.claims[$0] }.first.flatMap { self.entry($0) }
    }

    func entry(conta: Conta, chave: Chave) -> Registration? { self.claims["\(conta) \(chave)"].flatMap { self.entry($0) } }

    // MARK: - The outbox

    func delete(_ seqs: [Int64], by life: Life) {
        for seq in seqs.sorted() {
            guard let row = self.outbox[seq] else { continue }
            self.ledger.expect(
                life.confirmed.contains(row.entry), .confirmedBeforeDeleted,
                "\(life) deletes the outbox row \(seq) of \(row.entry), which was not confirmed to it")
            self.outbox[seq] = nil
        }
        self.runtime.note("\(life) deletes outbox rows \(seqs)", Int64(seqs.count))
    }

    /// - Returns: nil while another session holds the lease.
    func takeLease(_ life: Life) -> LeaseHold? {
        if let holder = self.leaseHolder, !holder.isOver { return nil }
        let hold = LeaseHold(life: life)
        self.leaseHolder = hold
        self.runtime.note("\(life) has the lease of the outbox")
        return hold
    }
}

/// A session that holds the lease.
final class LeaseHold: @unchecked Sendable {
    let life: Life
    var isOver = false

    init(life: Life) {
        self.life = life
    }
}
