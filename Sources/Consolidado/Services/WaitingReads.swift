import FluxoDeCaixa

/// Reads that wait until entries are in the balance: which of them wait for what, and whom to wake.
///
/// It does no I/O. One check at a time looks for everything that is missing; a read ends when all its entries were seen, in accounts that it
/// asked for, or with the first check that began after it came and ended after its deadline. An entry of another account is never seen: its
/// caller learns nothing of it.
struct WaitingReads<Continuation: Sendable>: Sendable {
    /// How a read ends that has not seen all its entries.
    enum Ending: Sendable, Equatable {
        /// They were not there in time.
        case late
        /// The check failed.
        case unavailable
    }

    /// What becomes of a read that comes.
    enum Admission: Sendable, Equatable {
        case waits
        /// Too many wait already.
        case full
        /// Nothing is checked any more.
        case closed
    }

    private struct Waiter: Sendable {
        var missing: Set<LancamentoID>
        let filtro: FiltroDeConta
        let deadline: ContinuousClock.Instant
        let isWanted: @Sendable () -> Bool
        let continuation: Continuation
        /// Whether the running check looks for its entries.
        var isInCheck = false
    }

    /// Reads that may wait.
    let waitersMax: Int
    /// Entries that may be waited for, counted for each read: what one check may have to look for.
    let idsMax: Int

    private var waiters: [UInt64: Waiter] = [:]
    private var waitersOf: [LancamentoID: Set<UInt64>] = [:]
    private var idsCount = 0
    private var isClosed = false

    init(waitersMax: Int, idsMax: Int) {
        self.waitersMax = waitersMax
        self.idsMax = idsMax
    }

    /// How many wait.
    var count: Int { self.waiters.count }

    /// A read comes.
    mutating func add(
        _ key: UInt64,
        ids: Set<LancamentoID>,
        filtro: FiltroDeConta,
        deadline: ContinuousClock.Instant,
        isWanted: @escaping @Sendable () -> Bool = { true },
        continuation: Continuation
    ) -> Admission {
        if self.isClosed { return .closed }
        guard self.waiters.count < self.waitersMax, self.idsCount + ids.count <= self.idsMax else { return .full }
        self.waiters[key] = Waiter(missing: ids, filtro: filtro, deadline: deadline, isWanted: isWanted, continuation: continuation)
        for id in ids { self.waitersOf[id, default: []].insert(key) }
        self.idsCount += ids.count
        return .waits
    }

    /// A check begins.
    /// - Returns: what it looks for; nothing if nobody waits.
    mutating func beginCheck() -> [LancamentoID] {
        for key in self.waiters.keys { self.waiters[key]?.isInCheck = true }
        return Array(self.waitersOf.keys)
    }

    /// Entries are in the balance, as a check or a batch of this instance has it.
    /// - Returns: the reads that have seen everything now.
    mutating func arrived(_ contas: some Sequence<(key: LancamentoID, value: Conta)>) -> [Continuation] {
        if self.waiters.isEmpty { return [] }
        var done: [Continuation] = []
        for (id, conta) in contas {
            for key in self.waitersOf[id] ?? [] {
                guard let waiter = self.waiters[key], waiter.filtro.cobre(conta) else { continue }
                self.forget(id, key)
                self.waiters[key]?.missing.remove(id)
                if waiter.missing.count == 1, let complete = self.remove(key) { done.append(complete.continuation) }
            }
        }
        return done
    }

    /// The check is over, and what it found has ``arrived(_:)``.
    /// - Returns: the reads whose time is over, or that nobody waits for any more.
    mutating func endCheck(succeeded: Bool, now: ContinuousClock.Instant) -> [(continuation: Continuation, ending: Ending)] {
        var ended: [(continuation: Continuation, ending: Ending)] = []
        for (key, waiter) in self.waiters where waiter.isInCheck {
            if now >= waiter.deadline || !waiter.isWanted() {
                self.remove(key)
                ended.append((waiter.continuation, succeeded ? .late : .unavailable))
            } else {
                self.waiters[key]?.isInCheck = false
            }
        }
        return ended
    }

    /// A read is given up.
    /// - Returns: whom to tell; nil if it has ended already.
    mutating func cancel(_ key: UInt64) -> Continuation? {
        self.remove(key)?.continuation
    }

    /// Nothing is checked any more.
    /// - Returns: those that still wait.
    mutating func close() -> [Continuation] {
        self.isClosed = true
        defer {
            self.waiters.removeAll()
            self.waitersOf.removeAll()
            self.idsCount = 0
        }
        return self.waiters.values.map(\.continuation)
    }

    @discardableResult
    private mutating func remove(_ key: UInt64) -> Waiter? {
        guard let waiter = self.waiters.removeValue(forKey: key) else { return nil }
        for id in waiter.missing { self.forget(id, key) }
        return waiter
    }

    private mutating func forget(_ id: LancamentoID, _ key: UInt64) {
        guard self.waitersOf[id]?.remove(key) != nil else { return }
        self.idsCount -= 1
        if self.waitersOf[id]?.isEmpty == true { self.waitersOf[id] = nil }
    }
}
