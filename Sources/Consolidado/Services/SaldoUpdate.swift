package import Edge
package import FluxoDeCaixa

/// A change of a day of an account, encoded once for all readers.
package final class SaldoUpdate: Sendable {
    package let chave: ChaveDeSaldo
    /// Of two changes of one day, the one with the higher version is newer.
    package let versao: Int64
    package let block: EventBlock

    package init(chave: ChaveDeSaldo, versao: Int64, block: EventBlock) {
        self.chave = chave
        self.versao = versao
        self.block = block
    }
}

/// The limits of a ``SaldoFeed``.
package struct SaldoFeedLimits: Sendable {
    /// Readers at the same time (`consolidado.eventos_max`).
    package var readersMax = 1000
    /// How long changes gather: a reader receives at most one of a day in this time.
    package var interval: Duration = .milliseconds(250)
    /// Groups of readers, which receive their changes one after the other within ``interval``. Few, as the turn of a group wakes threads.
    package var groups = 5
    /// The time between two comments to a reader.
    package var commentInterval: Duration = .seconds(15)
    /// Days kept for a reader that does not keep up.
    package var keptDaysMax = 1000
    /// Days that may change between two turns.
    package var pendingDaysMax = 20_000
    /// Days whose newest version is remembered, for some seconds.
    package var rememberedDaysMax = 20_000
    /// A longer time between two turns counts as a gap: the broker's queue may have been full.
    package var stallMax: Duration = .seconds(5)
    /// How long the first readers of an account wait for its changes to begin to arrive; then their streams begin without them.
    package var startMax: Duration = .seconds(1)
    /// Filters whose changes arrive. With more of them the changes of all accounts do.
    package var filtersMax = 1000
    /// Readers that wait so at the same time. The streams of others begin at once.
    package var startWaitersMax = 64
    /// How long changes go on arriving after the last reader left: a page that is loaded again connects within this time.
    package var restAfter: Duration = .seconds(60)

    package init() {}
}

/// Why a reader is not accepted.
package enum FeedRefusal: Error {
    /// There are ``SaldoFeedLimits/readersMax`` readers.
    case full
    /// The service is shutting down.
    case closed
}

/// Which changes arrive from the broker.
package struct FeedLink: Sendable {
    package var isFollowing: Bool
    /// How often changes have begun to arrive.
    package var starts: UInt64
    /// The accounts whose changes arrive. Until the next start they only become more.
    package var filters: Set<FiltroDeConta>

    package init(isFollowing: Bool, starts: UInt64, filters: Set<FiltroDeConta> = []) {
        self.isFollowing = isFollowing
        self.starts = starts
        self.filters = filters
    }

    /// Whether the changes of the filter's accounts arrive.
    func covers(_ filtro: FiltroDeConta) -> Bool {
        self.isFollowing && (self.filters.contains(filtro) || self.filters.contains(.todas))
    }
}

/// The changes of all instances. They cost the broker and each instance processor time, so they arrive only while they are wanted.
package protocol FeedSource: Sendable {
    /// Which changes arrive now.
    var link: FeedLink { get }

    /// Lets the changes of these accounts arrive from now on, or as soon as the broker is reachable.
    func follow(_ filters: Set<FiltroDeConta>) async

    /// Lets no changes arrive. Returns when the broker has stopped sending them.
    func rest() async
}

/// What a ``FeedSource`` has to do.
enum FeedRequest: Sendable, Equatable {
    case follow(Set<FiltroDeConta>)
    case rest
}

/// The newest version of each day that changed within the last seconds.
///
/// News may arrive twice or out of order shortly after one another. Later a lower version is accepted: the database may have been restored to
/// an earlier point.
struct NewestVersions: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The shortest time for which a version is remembered.
    private static let rememberedMin: Duration = .seconds(30)

    private let halfDaysMax: Int
    /// The newer half. When it is full or old enough it becomes the older one, and the older one is dropped.
    private var recent: [ChaveDeSaldo: Int64] = [:]
    private var older: [ChaveDeSaldo: Int64] = [:]
    private var turnAt: Instant

    init(halfDaysMax: Int, now: Instant) {
        self.halfDaysMax = max(1, halfDaysMax)
        self.turnAt = now + Self.rememberedMin
    }

    /// Remembers the version if it is newer than the remembered one.
    mutating func isNewer(_ chave: ChaveDeSaldo, _ versao: Int64) -> Bool {
        if let known = self.recent[chave] ?? self.older[chave], known >= versao { return false }
        if self.recent.count >= self.halfDaysMax, self.recent[chave] == nil { self.turn() }
        self.recent[chave] = versao
        return true
    }

    /// Drops versions that are older than the limit.
    mutating func forget(now: Instant) {
        guard self.turnAt <= now else { return }
        self.turn()
        self.turnAt = now + Self.rememberedMin
    }

    private mutating func turn() {
        self.older = self.recent
        self.recent = [:]
    }
}
