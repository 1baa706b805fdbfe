import Edge
import FluxoDeCaixa

/// The readers of the changes of balances, and the changes that each has still to receive. It does no I/O.
///
/// Changes gather until the next ``due(now:agora:link:)``. Each reader whose filter covers the account then keeps them; of several changes of
/// one day the newest version remains. Each call gives out what one group of the readers has kept, so that the writes of all of them do not
/// hold up other requests at once. A reader that does not wait keeps its changes. If it keeps too many days, they are dropped, and its next
/// blocks begin with the event `perdeu`.
struct SaldoFeedState<Waiter: Sendable>: Sendable {
    typealias ReaderID = UInt64
    typealias Instant = ContinuousClock.Instant

    /// A waiting reader and the blocks for it; nil: the stream ends.
    struct HandOver: Sendable {
        let waiter: Waiter
        let blocks: [EventBlock]?
    }

    private struct Reader: Sendable {
        let filtro: FiltroDeConta
        /// Whether all changes of its accounts arrive.
        var isCovered: Bool
        let validUntil: Instante?
        let isWanted: @Sendable () -> Bool
        var kept: [ChaveDeSaldo: SaldoUpdate] = [:]
        var hasLost: Bool
        var isCommentDue = true
        var commentAt: Instant
        var waiter: Waiter?
    }

    private let limits: SaldoFeedLimits
    /// By the group that they belong to.
    private var readers: [[ReaderID: Reader]]
    /// The group whose turn is next.
    private var nextGroup = 0
    private var readersOf: [FiltroDeConta: Set<ReaderID>] = [:]
    private var nextID: ReaderID = 0
    private var pending: [ChaveDeSaldo: SaldoUpdate] = [:]
    private var newest: NewestVersions
    /// The filters of the readers, and of those that have left since changes are wanted.
    private var followed: Set<FiltroDeConta> = []
    /// Whether changes of some of them do not arrive yet.
    private var isIncomplete = false
    private var link = FeedLink(isFollowing: false, starts: 0)
    private var lastDue: Instant
    private var wantedUntil: Instant
    private var startBy: Instant
    private var startWaiters = 0
    private var isClosed = false
    /// How often a reader has lost changes.
    private(set) var losses = 0

    init(limits: SaldoFeedLimits, now: Instant) {
        self.limits = limits
        self.readers = Array(repeating: [:], count: limits.groups)
        self.newest = NewestVersions(halfDaysMax: limits.rememberedDaysMax / 2, now: now)
        self.lastDue = now
        self.wantedUntil = now
        self.startBy = now
    }

    /// The number of readers.
    private(set) var count = 0

    /// Whether a reader that subscribes now has to expect that changes do not arrive yet.
    func awaitsChanges(of filtro: FiltroDeConta) -> Bool { !self.isClosed && !self.link.covers(filtro) }

    /// What the source of the changes has to do. They are wanted while there are readers, and a short time longer.
    func request(now: Instant) -> FeedRequest? {
        guard self.isWanted(now: now) else { return self.link.isFollowing ? .rest : nil }
        return self.link.isFollowing && !self.isIncomplete ? nil : .follow(self.followed)
    }

    private func isWanted(now: Instant) -> Bool { self.count > 0 || now < self.wantedUntil }

    /// A reader is about to subscribe.
    /// - Returns: until when it waits for changes to begin to arrive, and then calls ``endWait()``; nil: it does not wait. While the broker is
    ///   away only the first readers do: later ones would hold up other requests.
    mutating func expectReader(of filtro: FiltroDeConta, now: Instant) -> Instant? {
        if !self.isWanted(now: now) { self.startBy = now + self.limits.startMax }
        self.wantedUntil = now + self.limits.restAfter
        self.follow(filtro)
        let waitEnd = self.link.isFollowing ? now + self.limits.startMax : self.startBy
        guard self.awaitsChanges(of: filtro), now < waitEnd, self.startWaiters < self.limits.startWaitersMax else { return nil }
        self.startWaiters += 1
        return waitEnd
    }

    private mutating func follow(_ filtro: FiltroDeConta) {
        guard !self.followed.contains(.todas), !self.followed.contains(filtro) else { return }
        if self.followed.count >= self.limits.filtersMax { self.followed = [.todas] } else { self.followed.insert(filtro) }
        self.isIncomplete = true
    }

    /// A reader waits no longer.
    mutating func endWait() { self.startWaiters -= 1 }

    // MARK: - Readers

    /// Adds a reader. Its first blocks are ready at once.
    /// - Parameters:
    ///   - validUntil: the stream ends then; nil: it does not.
    ///   - hasLost: the reader had a stream before, so changes may be missing in between.
    ///   - isWanted: whether the reader is still connected.
    mutating func subscribe(
        _ filtro: FiltroDeConta, validUntil: Instante?, hasLost: Bool, isWanted: @escaping @Sendable () -> Bool, now: Instant
    ) throws(FeedRefusal) -> ReaderID {
        guard !self.isClosed else { throw .closed }
        guard self.count < self.limits.readersMax else { throw .full }
        self.nextID += 1
        self.count += 1
        self.follow(filtro)
        self.readers[self.group(of: self.nextID)][self.nextID] = Reader(
            filtro: filtro, isCovered: self.link.covers(filtro), validUntil: validUntil, isWanted: isWanted, hasLost: hasLost,
            commentAt: now + self.firstCommentDelay(of: self.nextID))
        self.readersOf[filtro, default: []].insert(self.nextID)
        return self.nextID
    }

    /// Removes a reader.
    /// - Returns: its waiter, if it waits.
    mutating func unsubscribe(_ id: ReaderID) -> Waiter? {
        guard let reader = self.readers[self.group(of: id)].removeValue(forKey: id) else { return nil }
        self.count -= 1
        self.readersOf[reader.filtro]?.remove(id)
        if self.readersOf[reader.filtro]?.isEmpty == true { self.readersOf[reader.filtro] = nil }
        return reader.waiter
    }

    /// A reader waits for its next blocks.
    /// - Returns: the answer, if there is one at once.
    mutating func next(_ id: ReaderID, waiter: Waiter) -> HandOver? {
        let group = self.group(of: id)
        guard var reader = self.readers[group][id] else { return HandOver(waiter: waiter, blocks: nil) }
        let blocks = Self.takeBlocks(of: &reader, isFollowing: self.link.isFollowing)
        if blocks.isEmpty { reader.waiter = waiter }
        self.readers[group][id] = reader
        return blocks.isEmpty ? nil : HandOver(waiter: waiter, blocks: blocks)
    }

    /// Ends every stream, and accepts no reader any more.
    mutating func close() -> [HandOver] {
        defer {
            self.readers = Array(repeating: [:], count: self.limits.groups)
            self.count = 0
            self.readersOf.removeAll()
            self.pending.removeAll()
        }
        self.isClosed = true
        return self.readers.joined().compactMap { $0.value.waiter.map { HandOver(waiter: $0, blocks: nil) } }
    }

    private func group(of id: ReaderID) -> Int { Int(Self.hash(of: id) >> 32) % self.limits.groups }

    /// Less than the interval, and different for each reader. Clients often open many streams at the same time; their comments would always be
    /// due together.
    private func firstCommentDelay(of id: ReaderID) -> Duration { self.limits.commentInterval / 4096 * Int(Self.hash(of: id) >> 52) }

    /// Readers of one account often subscribe at regular distances, as clients share their streams among instances. Multiplied by a large odd
    /// number (Fibonacci hashing) consecutive ids and those at regular distances are spread evenly.
    private static func hash(of id: ReaderID) -> UInt64 { id &* 0x9E37_79B9_7F4A_7C15 }

    private static func takeBlocks(of reader: inout Reader, isFollowing: Bool) -> [EventBlock] {
        var blocks: [EventBlock] = []
        if reader.hasLost {
            blocks.append(.perdeu)
            reader.hasLost = false
        }
        if !reader.kept.isEmpty {
            blocks += reader.kept.values.map(\.block)
            reader.kept = [:]
        }
        if reader.isCommentDue {
            blocks.append(isFollowing ? .alive : .aliveWithoutBroker)
            reader.isCommentDue = false
        }
        return blocks
    }

    // MARK: - Changes

    /// Whether a reader follows the account.
    func wants(_ conta: Conta) -> Bool {
        !self.readersOf.isEmpty && FiltroDeConta.queCobrem(conta).contains { self.readersOf[$0] != nil }
    }

    /// A day has changed. An older version than one that was offered before is ignored.
    mutating func offer(_ update: SaldoUpdate) {
        guard self.newest.isNewer(update.chave, update.versao) else { return }
        guard self.pending[update.chave] != nil || self.pending.count < self.limits.pendingDaysMax else { return self.loseAll() }
        self.pending[update.chave] = update
    }

    /// A change of the account cannot be read.
    mutating func lose(_ conta: Conta) {
        for filtro in FiltroDeConta.queCobrem(conta) {
            for id in self.readersOf[filtro] ?? [] { self.lose(id) }
        }
    }

    /// Changes of any account may have been missed.
    private mutating func loseAll() {
        self.pending.removeAll()
        for group in self.readers.indices {
            for id in Array(self.readers[group].keys) { self.lose(id) }
        }
    }

    private mutating func lose(_ id: ReaderID) {
        let group = self.group(of: id)
        self.readers[group][id]?.kept = [:]
        guard self.readers[group][id]?.hasLost == false else { return }
        self.readers[group][id]?.hasLost = true
        self.losses += 1
    }

    /// Shares the gathered changes, and gives one group of readers its changes, the comments that are due and the ends of streams.
    /// - Parameters:
    ///   - agora: the time by which tokens expire.
    ///   - link: whether changes arrive now.
    mutating func due(now: Instant, agora: Instante, link: FeedLink) -> [HandOver] {
        // The queue begins empty each time, and drops messages if this process stood still.
        let isNewStart = link.isFollowing && link.starts != self.link.starts
        if isNewStart || now - self.lastDue > self.limits.stallMax { self.loseAll() }
        // In place of silence until the next comment, which a reader would take for days without changes.
        if link.isFollowing != self.link.isFollowing { self.commentToAll() }
        let coversMore = isNewStart || link.filters.count != self.link.filters.count
        self.link = FeedLink(
            isFollowing: link.isFollowing, starts: link.isFollowing ? link.starts : self.link.starts, filters: link.filters)
        if link.isFollowing, coversMore { self.updateCovered(areNew: isNewStart) }
        self.lastDue = now
        if self.count > 0 { self.wantedUntil = now + self.limits.restAfter }
        if !self.isWanted(now: now) { self.followed.removeAll() }
        if self.isIncomplete || coversMore { self.isIncomplete = !self.followed.isSubset(of: self.link.filters) }
        self.newest.forget(now: now)
        self.share()
        defer { self.nextGroup = (self.nextGroup + 1) % self.limits.groups }
        return self.handOver(to: self.nextGroup, now: now, agora: agora)
    }

    /// Changes of further accounts arrive: their readers may have missed some until now.
    /// - Parameter areNew: changes have begun to arrive, and every reader has lost some.
    private mutating func updateCovered(areNew: Bool) {
        for group in self.readers.indices {
            for (id, reader) in self.readers[group] {
                let isCovered = self.link.covers(reader.filtro)
                guard isCovered != reader.isCovered else { continue }
                self.readers[group][id]?.isCovered = isCovered
                if isCovered, !areNew { self.lose(id) }
            }
        }
    }

    /// Every reader receives a comment now. The times of the later ones stay, so that not all readers receive those at once.
    private mutating func commentToAll() {
        for group in self.readers.indices {
            for id in Array(self.readers[group].keys) { self.readers[group][id]?.isCommentDue = true }
        }
    }

    /// Moves each gathered change to the readers of its account.
    private mutating func share() {
        let updates = self.pending
        self.pending.removeAll()
        for (chave, update) in updates {
            for filtro in FiltroDeConta.queCobrem(chave.conta) {
                for id in self.readersOf[filtro] ?? [] { self.keep(update, for: id) }
            }
        }
    }

    private mutating func keep(_ update: SaldoUpdate, for id: ReaderID) {
        let group = self.group(of: id)
        let isFull = self.readers[group][id].map { $0.kept.count >= self.limits.keptDaysMax && $0.kept[update.chave] == nil } ?? true
        if isFull { self.lose(id) } else { self.readers[group][id]?.kept[update.chave] = update }
    }

    private mutating func handOver(to group: Int, now: Instant, agora: Instante) -> [HandOver] {
        var handOvers: [HandOver] = []
        var ended: [ReaderID] = []
        var index = self.readers[group].startIndex
        while index != self.readers[group].endIndex {
            defer { self.readers[group].formIndex(after: &index) }
            let id = self.readers[group].keys[index]
            // In place: a copy of each reader would cost more than all the rest.
            if let validUntil = self.readers[group].values[index].validUntil, validUntil <= agora {
                ended.append(id)
            } else if !self.readers[group].values[index].isWanted() {
                ended.append(id)
            } else {
                if self.readers[group].values[index].commentAt <= now {
                    self.readers[group].values[index].commentAt = now + self.limits.commentInterval
                    self.readers[group].values[index].isCommentDue = true
                }
                guard let waiter = self.readers[group].values[index].waiter else { continue }
                let blocks = Self.takeBlocks(of: &self.readers[group].values[index], isFollowing: self.link.isFollowing)
                guard !blocks.isEmpty else { continue }
                self.readers[group].values[index].waiter = nil
                handOvers.append(HandOver(waiter: waiter, blocks: blocks))
            }
        }
        for id in ended {
            if let waiter = self.unsubscribe(id) { handOvers.append(HandOver(waiter: waiter, blocks: nil)) }
        }
        return handOvers
    }
}

extension EventBlock {
    /// Changes may be missing: the reader has to read the balances again.
    static let perdeu = EventBlock(event: "perdeu", data: Array("{}".utf8))
    static let alive = EventBlock.comment("vivo")
    static let aliveWithoutBroker = EventBlock.comment("vivo, sem o broker: as mudanças chegam quando ele voltar")
}
