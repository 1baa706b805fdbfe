import Fixtures
import NIOConcurrencyHelpers
import Storage
import Testing

@testable import Lancamentos

/// Confirms every event, except that it refuses those of `refusedOnce` once, and checks that no row is gone before its confirm.
actor FakeEventPublisher: EventPublisher {
    private(set) var published: [Int64] = []
    private(set) var deletedBeforeConfirm: [Int64] = []
    private var refusedOnce: Set<Int64>
    private let outbox: FakeOutbox
    private let ready: NIOLockedValueBox<Bool>
    private let beforeConfirms: @Sendable () async -> Void

    init(
        outbox: FakeOutbox, refusedOnce: Set<Int64> = [], ready: NIOLockedValueBox<Bool> = NIOLockedValueBox(true),
        beforeConfirms: @escaping @Sendable () async -> Void = {}
    ) {
        self.outbox = outbox
        self.refusedOnce = refusedOnce
        self.ready = ready
        self.beforeConfirms = beforeConfirms
    }

    nonisolated var isReady: Bool { self.ready.withLockedValue { $0 } }

    func publish(_ events: [Registration]) async -> [Bool] {
        self.published += events.compactMap(\.seq)
        await self.beforeConfirms()
        let left = await self.outbox.seqs
        self.deletedBeforeConfirm += events.compactMap(\.seq).filter { !left.contains($0) }
        return events.map { $0.seq.flatMap { self.refusedOnce.remove($0) } == nil }
    }
}

/// The outbox in memory. Entries of rows in `unreadable` cannot be read.
actor FakeOutbox: OutboxRepository, OutboxLease {
    private(set) var seqs: Set<Int64>
    private let unreadable: Set<Int64>
    private var failedClaims: Int
    /// How many rows each claim gave.
    private(set) var claims: [Int] = []

    init(_ seqs: Set<Int64>, unreadable: Set<Int64> = [], failedClaims: Int = 0) {
        self.seqs = seqs
        self.unreadable = unreadable
        self.failedClaims = failedClaims
    }

    func claim(above low: Int64, minimumAge: Duration, limit: Int64) async throws(StorageFailure) -> OutboxClaim {
        if self.failedClaims > 0 {
            self.failedClaims -= 1
            throw .unavailable
        }
        let claimed = self.seqs.filter { $0 > low }.sorted().prefix(Int(limit))
        self.claims.append(claimed.count)
        let readable = claimed.filter { !self.unreadable.contains($0) }
        return OutboxClaim(events: readable.map { Registrations.event($0) }, lastSeq: claimed.last)
    }

    func delete(_ seqs: [Int64]) async throws(StorageFailure) {
        self.seqs.subtract(seqs)
    }

    func backlog(countedMax: Int64) async throws(StorageFailure) -> OutboxBacklog {
        OutboxBacklog(pending: Int64(self.seqs.count), oldestAge: .zero)
    }

    /// Returns once exactly these rows are left. The test fails if they are not in time.
    func waitUntilLeft(_ wanted: Set<Int64>, sourceLocation: SourceLocation = #_sourceLocation) async {
        let areLeft = await eventually { self.seqs == wanted }
        #expect(areLeft, "left are \(self.seqs.sorted())", sourceLocation: sourceLocation)
    }
}
