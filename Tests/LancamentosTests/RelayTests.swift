import FluxoDeCaixa
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Lancamentos

@Suite(.timeLimit(.minutes(1))) struct RelayTests {
    private static func event(_ seq: Int64) -> Registration {
        Registration(lancamento: Registrations.make(UInt64(seq)).lancamento, seq: seq)
    }

    private func withRelay(
        _ broker: FakeBroker,
        _ outbox: FakeOutbox,
        ringRowsMax: Int = 100,
        _ body: @Sendable @escaping (Relay) async throws -> Void
    ) async throws {
        var limits = Relay.Limits(ringRowsMax: ringRowsMax)
        limits.burstsInFlight = 2
        limits.deleteInterval = .milliseconds(1)
        let relay = Relay(publisher: broker, outbox: outbox, limits: limits, logger: Logger(label: "tests"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run() }
            // However the body ends: without it the group would wait for ever.
            defer { relay.close() }
            try await body(relay)
        }
    }

    @Test func `a row is deleted after its event is confirmed`() async throws {
        let outbox = FakeOutbox([1, 2, 3])
        let broker = FakeBroker(outbox: outbox)
        try await self.withRelay(broker, outbox) { relay in
            relay.offer([Self.event(1), Self.event(2)])
            await outbox.waitUntilLeft([3])
        }
        #expect(await broker.published == [1, 2])
        #expect(await broker.deletedBeforeConfirm.isEmpty)
    }

    @Test func `a refused event stays in the outbox and can be sent again`() async throws {
        let outbox = FakeOutbox([1, 2])
        let broker = FakeBroker(outbox: outbox, refusedOnce: [1])
        try await self.withRelay(broker, outbox) { relay in
            await relay.send([Self.event(1), Self.event(2)])
            await outbox.waitUntilLeft([1])
            await relay.send([Self.event(1)])
            await outbox.waitUntilLeft([])
        }
        #expect(await broker.published.sorted() == [1, 1, 2])
    }

    @Test func `what the ring cannot take is left to the sweeper`() async throws {
        let outbox = FakeOutbox([1, 2, 3])
        var limits = Relay.Limits(ringRowsMax: 2)
        limits.deleteInterval = .milliseconds(1)
        let broker = FakeBroker(outbox: outbox)
        let relay = Relay(publisher: broker, outbox: outbox, limits: limits, logger: Logger(label: "tests"))
        relay.offer([Self.event(1), Self.event(2), Self.event(3)])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run() }
            await outbox.waitUntilLeft([3])
            await relay.send([Self.event(3)])
            await outbox.waitUntilLeft([])
            relay.close()
        }
        #expect(await broker.published.sorted() == [1, 2, 3])
    }

    @Test func `the sweeper does not send what is in hand`() async throws {
        var state = RelayState<Int>(ringRowsMax: 10, burstMax: 5)
        _ = state.offer([Self.event(1)])
        #expect(state.take([Self.event(1), Self.event(2)]) == [Self.event(2)])
        #expect(state.take([Self.event(2)]).isEmpty)
        state.letGo([2])
        #expect(state.take([Self.event(2)]) == [Self.event(2)])
    }

    @Test func `the cursor moves on and goes back to the start after its interval`() {
        let start = ContinuousClock.now
        var cursor = SweepCursor(now: start)
        cursor.begin(now: start)
        cursor.advance(to: 500)
        cursor.begin(now: start + .seconds(9))
        #expect(cursor.low == 500)
        cursor.begin(now: start + .seconds(10))
        #expect(cursor.low == 0)
    }
}

/// A broker that confirms everything but what it is told to refuse once, and checks that no row is gone before its confirm.
private actor FakeBroker: EventPublisher {
    private(set) var published: [Int64] = []
    private(set) var deletedBeforeConfirm: [Int64] = []
    private var refusedOnce: Set<Int64>
    private let outbox: FakeOutbox

    init(outbox: FakeOutbox, refusedOnce: Set<Int64> = []) {
        self.outbox = outbox
        self.refusedOnce = refusedOnce
    }

    nonisolated var isReady: Bool { true }

    func publish(_ events: [Registration]) async -> [Bool] {
        self.published += events.compactMap(\.seq)
        let left = await self.outbox.seqs
        self.deletedBeforeConfirm += events.compactMap(\.seq).filter { !left.contains($0) }
        return events.map { $0.seq.flatMap { self.refusedOnce.remove($0) } == nil }
    }
}

private actor FakeOutbox: OutboxRepository {
    private(set) var seqs: Set<Int64>
    private var waiters: [(Set<Int64>, CheckedContinuation<Void, Never>)] = []

    init(_ seqs: Set<Int64>) {
        self.seqs = seqs
    }

    func delete(_ seqs: [Int64]) async throws(FalhaDeArmazenamento) {
        self.seqs.subtract(seqs)
        for (wanted, continuation) in self.waiters where wanted == self.seqs { continuation.resume() }
        self.waiters.removeAll { $0.0 == self.seqs }
    }

    func backlog(countedMax: Int64) async throws(FalhaDeArmazenamento) -> OutboxBacklog {
        OutboxBacklog(pending: Int64(self.seqs.count), oldestAge: .zero)
    }

    /// Returns once exactly these rows are left.
    func waitUntilLeft(_ wanted: Set<Int64>) async {
        if self.seqs == wanted { return }
        await withCheckedContinuation { self.waiters.append((wanted, $0)) }
    }
}
