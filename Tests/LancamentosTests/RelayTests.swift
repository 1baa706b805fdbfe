import Fixtures
import FluxoDeCaixa
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Lancamentos

@Suite(.timeLimit(.minutes(5))) struct RelayTests {
    private func withRelay(
        _ broker: FakeEventPublisher,
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
            // However the body ends: without it the group would never end.
            defer { relay.close() }
            try await body(relay)
        }
    }

    @Test func `a row is deleted after its event is confirmed`() async throws {
        let outbox = FakeOutbox([1, 2, 3])
        // Time for a deletion that must not happen.
        let broker = FakeEventPublisher(
            outbox: outbox, beforeConfirms: { _ = await eventually(within: .milliseconds(100)) { await outbox.seqs != [1, 2, 3] } })
        try await self.withRelay(broker, outbox) { relay in
            relay.offer([Registrations.event(1), Registrations.event(2)])
            await outbox.waitUntilLeft([3])
        }
        #expect(await broker.published == [1, 2])
        #expect(await broker.deletedBeforeConfirm.isEmpty)
    }

    @Test func `a refused event stays in the outbox and can be sent again`() async throws {
        let outbox = FakeOutbox([1, 2])
        let broker = FakeEventPublisher(outbox: outbox, refusedOnce: [1])
        try await self.withRelay(broker, outbox) { relay in
            await relay.send([Registrations.event(1), Registrations.event(2)])
            await outbox.waitUntilLeft([1])
            await relay.send([Registrations.event(1)])
            await outbox.waitUntilLeft([])
        }
        #expect(await broker.published.sorted() == [1, 1, 2])
    }

    @Test func `what the ring cannot take is left to the sweeper`() async throws {
        let outbox = FakeOutbox([1, 2, 3])
        var limits = Relay.Limits(ringRowsMax: 2)
        limits.deleteInterval = .milliseconds(1)
        let broker = FakeEventPublisher(outbox: outbox)
        let relay = Relay(publisher: broker, outbox: outbox, limits: limits, logger: Logger(label: "tests"))
        relay.offer([Registrations.event(1), Registrations.event(2), Registrations.event(3)])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run() }
            await outbox.waitUntilLeft([3])
            await relay.send([Registrations.event(3)])
            await outbox.waitUntilLeft([])
            relay.close()
        }
        #expect(await broker.published.sorted() == [1, 2, 3])
    }

    @Test func `the sweeper does not send what is in hand`() async throws {
        var state = RelayState<Int>(ringRowsMax: 10, burstMax: 5)
        _ = state.offer([Registrations.event(1)])
        #expect(state.take([Registrations.event(1), Registrations.event(2)]) == [Registrations.event(2)])
        #expect(state.take([Registrations.event(2)]).isEmpty)
        state.letGo([2])
        #expect(state.take([Registrations.event(2)]) == [Registrations.event(2)])
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
