import FluxoDeCaixa
import Lancamentos
import ServiceRuntime
import Storage

/// The entry database as one process reaches it.
final class EntryStore: LancamentoRepository, OutboxRepository, @unchecked Sendable {
    /// The session's idle time-out ends a statement that the server has not read before.
    private static let unreadMax: Duration = .seconds(18)
    private static let earlierWritesMax: Duration = .milliseconds(500)

    private let database: EntryDatabase
    private let life: Life
    private let limits: WriteBatcher.Limits
    private let deleteRowsMax: Int

    /// - Parameters:
    ///   - limits: the batcher's.
    ///   - deleteRowsMax: the most outbox rows of one call.
    init(database: EntryDatabase, life: Life, limits: WriteBatcher.Limits, deleteRowsMax: Int) {
        self.database = database
        self.life = life
        self.limits = limits
        self.deleteRowsMax = deleteRowsMax
    }

    private var runtime: Runtime { self.database.runtime }
    private var dice: Dice { self.database.dice }
    private var rates: FaultRates { self.database.rates }

    // MARK: - Entries

    func register(
        _ registrations: [Registration], until deadline: ContinuousClock.Instant
    ) async throws(StorageFailure) -> [LancamentoID: Int64] {
        guard self.life.isAlive else { throw .unavailable }
        let ledger = self.database.ledger
        self.life.writesAtOnce += 1
        defer { self.life.writesAtOnce -= 1 }
        ledger.expect(registrations.count <= self.limits.batchRowsMax, .bounded, "a batch of \(registrations.count) rows")
        ledger.expect(self.life.writesAtOnce <= self.limits.workers, .bounded, "\(self.life.writesAtOnce) batches at once")
        try await self.waitForEarlierWrites(registrations, until: deadline)
        if self.dice.chance(self.rates.overloaded) { throw .overloaded }
        if !self.database.isUp || self.dice.chance(self.rates.unavailable) {
            await self.pause(self.dice.duration(.microseconds(100), .seconds(3)), until: deadline)
            throw .unavailable
        }
        let answer = Promise<Result<[LancamentoID: Int64], StorageFailure>>()
        let (database, fate) = (self.database, self.fate())
        // Unstructured, as the server goes on without its client.
        Task { await database.write(registrations, fate, answer) }
        self.runtime.after(deadline - .now) { answer.fulfil(.failure(.outcomeUnknown)) }
        let result = await answer.get()
        if result == .failure(.outcomeUnknown) { self.life.writesMayBeOpen = true }
        return try result.get()
    }

    private func fate() -> EntryDatabase.Fate {
        if self.dice.chance(self.rates.lostBefore) { return .lostBefore }
        if self.dice.chance(self.rates.lostAfter) { return .lostAfter }
        if self.dice.chance(self.rates.readLate) { return .readAfter(self.dice.duration(.milliseconds(100), Self.unreadMax)) }
        if self.dice.chance(self.rates.commitWaits) {
            return .commitWaits(self.dice.duration(.milliseconds(100), .seconds(60)), commits: self.dice.chance(0.7))
        }
        return .normal
    }

    /// As the repository on PostgreSQL does after a write with an unknown outcome.
    private func waitForEarlierWrites(
        _ registrations: [Registration], until deadline: ContinuousClock.Instant
    ) async throws(StorageFailure) {
        guard self.life.writesMayBeOpen else { return }
        guard self.database.isUp else { throw .unavailable }
        guard await self.database.openWritesEnd(within: min(Self.earlierWritesMax, deadline - .now)) else {
            for one in registrations { self.database.ledger.metOpen(Ledger.mark(one.traceparent, one.lancamento.referencia)) }
            throw .earlierCallsOpen
        }
        self.life.writesMayBeOpen = false
    }

    func settle(
        _ registrations: [Registration], until deadline: ContinuousClock.Instant
    ) async throws(StorageFailure) -> [Registration?] {
        try await self.read(until: deadline)
        return registrations.map { self.database.settled($0) }
    }

    func find(_ id: LancamentoID, until deadline: ContinuousClock.Instant) async throws(StorageFailure) -> Lancamento? {
        try await self.read(until: deadline)
        return self.database.entry(id)?.lancamento
    }

    func openWritesEnd(within wait: Duration, until deadline: ContinuousClock.Instant) async throws(StorageFailure) -> Bool {
        try await self.read(until: deadline)
        return await self.database.openWritesEnd(within: min(wait, deadline - .now))
    }

    /// Only the look-up of a key is simulated.
    func list(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: ListPosition?, limit: Int, until deadline: ContinuousClock.Instant?
    ) async throws(StorageFailure) -> [Lancamento] {
        try await self.read(until: deadline ?? .now + .seconds(5))
        guard case .uma(let conta) = filtro.conta, let chave = filtro.chave else { return [] }
        return self.database.entry(conta: conta, chave: chave).map { [$0.lancamento] } ?? []
    }

    /// One statement that reads. It sees what is committed when it returns.
    private func read(until deadline: ContinuousClock.Instant) async throws(StorageFailure) {
        guard self.life.isAlive else { throw .unavailable }
        if self.dice.chance(self.rates.readStalls) {
            await self.pause(self.dice.duration(.milliseconds(10), .seconds(10)), until: deadline)
        }
        await self.pause(self.dice.duration(.microseconds(50), .milliseconds(2)), until: deadline)
        guard .now < deadline else { throw .outcomeUnknown }
        guard self.life.isAlive, self.database.isUp else { throw .unavailable }
        if self.dice.chance(self.rates.readFails) {
            throw self.dice.chance(0.5) ? StorageFailure.unavailable : StorageFailure.outcomeUnknown
        }
    }

    /// Passes at most until the deadline.
    private func pause(_ duration: Duration, until deadline: ContinuousClock.Instant) async {
        await self.runtime.pause(max(.zero, min(duration, deadline - .now)))
    }

    // MARK: - The outbox

    func delete(_ seqs: [Int64]) async throws(StorageFailure) {
        guard self.life.isAlive else { throw .unavailable }
        self.database.ledger.expect(seqs.count <= 2 * self.deleteRowsMax, .bounded, "\(seqs.count) outbox rows deleted at once")
        await self.runtime.pause(self.dice.duration(.microseconds(50), .milliseconds(3)))
        // The statement was sent, even if the process ends meanwhile.
        guard self.database.isUp else { throw .unavailable }
        let fails = self.dice.chance(self.rates.deleteFails)
        if fails, self.dice.chance(0.5) { throw .unavailable }
        self.database.delete(seqs.filter { _ in !self.dice.chance(self.rates.deleteSkips) }, by: self.life)
        if fails { throw .outcomeUnknown }
    }

    func backlog(countedMax: Int64) async throws(StorageFailure) -> OutboxBacklog {
        guard self.life.isAlive, self.database.isUp else { throw .unavailable }
        return OutboxBacklog(pending: Int64(self.database.outbox.count), oldestAge: .zero)
    }
}

/// The lease of the sweeper.
final class OutboxLeases: LeaseSource, @unchecked Sendable {
    private let database: EntryDatabase
    private let life: Life

    init(database: EntryDatabase, life: Life) {
        self.database = database
        self.life = life
    }

    func acquire() async throws -> Lease<any OutboxLease>? {
        await self.database.runtime.pause(self.database.dice.duration(.microseconds(50), .milliseconds(2)))
        guard self.life.isAlive, self.database.isUp else { throw StorageFailure.unavailable }
        guard let hold = self.database.takeLease(self.life) else { return nil }
        let session = OutboxSession(database: self.database, hold: hold)
        return Lease(access: session, session: session)
    }
}

/// A session that holds the lease of the outbox, until it is lost.
private final class OutboxSession: OutboxLease, LeaseSession, @unchecked Sendable {
    private let database: EntryDatabase
    private let hold: LeaseHold

    init(database: EntryDatabase, hold: LeaseHold) {
        self.database = database
        self.hold = hold
    }

    func claim(above low: Int64, minimumAge: Duration, limit: Int64) async throws(StorageFailure) -> OutboxClaim {
        try await self.statement()
        let (now, age) = (self.database.runtime.now, minimumAge.nanoseconds)
        let due = self.database.outbox.filter { $0.key > low && now - $0.value.since > age }.keys.sorted().prefix(Int(limit))
        let events = due.compactMap { seq -> Registration? in
            guard let row = self.database.outbox[seq], let entry = self.database.entries[row.entry] else { return nil }
            return Registration(lancamento: entry.lancamento, traceparent: entry.traceparent, seq: seq)
        }
        if !due.isEmpty { self.database.runtime.note("\(self.hold.life) sweeps \(Array(due))", Int64(due.count)) }
        return OutboxClaim(events: events, lastSeq: due.last)
    }

    func keepAlive() async throws { try await self.statement() }

    func release() async {
        // A process that has ended gives nothing back: the server notices it.
        if self.hold.life.isAlive { self.hold.isOver = true }
    }

    private func statement() async throws(StorageFailure) {
        await self.database.runtime.pause(self.database.dice.duration(.microseconds(50), .milliseconds(2)))
        guard self.hold.life.isAlive, self.database.isUp, self.database.leaseHolder === self.hold else { throw .unavailable }
        if self.database.dice.chance(self.database.rates.sessionEnds) { self.hold.isOver = true }
        guard !self.hold.isOver else { throw .unavailable }
    }
}
