import FluxoDeCaixa

/// The reads that wait until entries are in the balance, and which of them to wake. It does no I/O.
///
/// One check at a time queries all missing entries. A read ends when all its entries were found in accounts of its filter, or with the first
/// check that began after the read arrived and ended after its deadline. An entry of another account counts as missing, so that its caller
/// learns nothing about it.
struct WaitingReads<Continuation: Sendable>: Sendable {
    /// The ending of a read without all its entries.
    enum Ending: Sendable, Equatable {
        /// They were not in the balance in time.
        case late
        /// The check failed.
        case unavailable
    }

    /// The result of adding a read.
    enum Admission: Sendable, Equatable {
        case waits
        /// Too many reads or entries are waiting.
        case full
        /// The checks have ended.
        case closed
    }

    private struct Waiter: Sendable {
        var missing: Set<LancamentoID>
        let filtro: FiltroDeConta
        let deadline: ContinuousClock.Instant
        let isWanted: @Sendable () -> Bool
        let continuation: Continuation
        /// Whether the running check includes its entries.
        var isInCheck = false
    }

    /// The highest number of waiting reads.
    let waitersMax: Int
    /// The highest number of awaited entries, counted for each read. It bounds the size of a check.
    let idsMax: Int

    private var waiters: [UInt64: Waiter] = [:]
    private var waitersOf: [LancamentoID: Set<UInt64>] = [:]
    private var idsCount = 0
    private var isClosed = false

    init(waitersMax: Int, idsMax: Int) {
        self.waitersMax = waitersMax
        self.idsMax = idsMax
    }

    /// The number of waiting reads.
    var count: Int { self.waiters.count }

    /// Adds a read.
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

    /// Begins a check.
    /// - Returns: the entries to query; empty if no read waits.
    mutating func beginCheck() -> [LancamentoID] {
        for key in self.waiters.keys { self.waiters[key]?.isInCheck = true }
        return Array(self.waitersOf.keys)
    }

    /// Records entries that a check or a batch of this instance found in the balance.
    /// - Returns: the reads whose entries are now complete.
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

    /// Ends a check, after its entries were passed to ``arrived(_:)``. One that failed also ends the reads past their deadline that arrived
    /// during it: they need no check of their own to be unavailable.
    /// - Returns: the reads past their deadline and those whose caller is gone.
    mutating func endCheck(succeeded: Bool, now: ContinuousClock.Instant) -> [(continuation: Continuation, ending: Ending)] {
        var ended: [(continuation: Continuation, ending: Ending)] = []
        for (key, waiter) in self.waiters where waiter.isInCheck || !succeeded {
            if now >= waiter.deadline || !waiter.isWanted() {
                self.remove(key)
                ended.append((waiter.continuation, succeeded ? .late : .unavailable))
            } else {
                self.waiters[key]?.isInCheck = false
            }
        }
        return ended
    }

    /// Cancels a read.
    /// - Returns: its continuation; nil if it has ended already.
    mutating func cancel(_ key: UInt64) -> Continuation? {
        self.remove(key)?.continuation
    }

    /// Refuses further reads.
    /// - Returns: the reads that still wait.
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
