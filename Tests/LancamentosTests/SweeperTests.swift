import LeaseFakes
import Logging
import NIOConcurrencyHelpers
import ServiceRuntime
import Testing

@testable import Lancamentos

@Suite(.timeLimit(.minutes(5))) struct SweeperTests {
    private typealias Leases = FakeLeases<any OutboxLease>

    /// Runs a sweeper, with its relay, for the time of the closure.
    private static func sweep(
        _ outbox: FakeOutbox, _ broker: FakeEventPublisher, _ leases: Leases, _ body: @Sendable @escaping () async -> Void
    ) async {
        var relayLimits = Relay.Limits(ringRowsMax: 10)
        relayLimits.deleteInterval = .milliseconds(1)
        let relay = Relay(publisher: broker, outbox: outbox, limits: relayLimits, logger: Logger(label: "tests"))
        var limits = Sweeper.Limits()
        limits.claimRowsMax = 2
        limits.interval = .milliseconds(1)
        limits.lease.idleInterval = .milliseconds(1)
        limits.lease.keepAliveInterval = .milliseconds(2)
        let sweeper = Sweeper(
            leases: leases, outbox: outbox, relay: relay, publisher: broker, limits: limits, logger: Logger(label: "tests"))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run() }
            let sweeping = Task { await sweeper.run() }
            await body()
            sweeping.cancel()
            await sweeping.value
            relay.close()
        }
    }

    @Test func `rows that no process holds are sent and deleted, a few at a time`() async {
        let outbox = FakeOutbox([1, 2, 3, 4, 5])
        let broker = FakeEventPublisher(outbox: outbox)
        let leases = Leases(access: outbox)
        await Self.sweep(outbox, broker, leases) { await outbox.waitUntilLeft([]) }
        #expect(await broker.published.sorted() == [1, 2, 3, 4, 5])
        #expect(await outbox.claims.prefix(3) == [2, 2, 1])
        #expect(await leases.count == 1)
        #expect(await !leases.isHeld)
    }

    @Test func `a row whose entry cannot be read stays and stops no other`() async {
        let outbox = FakeOutbox([1, 2, 3, 4, 5], unreadable: [1, 2, 4])
        let broker = FakeEventPublisher(outbox: outbox)
        await Self.sweep(outbox, broker, Leases(access: outbox)) { await outbox.waitUntilLeft([1, 2, 4]) }
        #expect(await broker.published.sorted() == [3, 5])
    }

    @Test func `a claim that fails gives the lease back, and the next one goes on`() async {
        let outbox = FakeOutbox([1, 2], failedClaims: 2)
        let leases = Leases(access: outbox)
        await Self.sweep(outbox, FakeEventPublisher(outbox: outbox), leases) { await outbox.waitUntilLeft([]) }
        #expect(await leases.count == 3)
    }

    @Test func `nothing is claimed without a broker, and the lease is left to others`() async {
        let outbox = FakeOutbox([1, 2])
        let ready = NIOLockedValueBox(false)
        let leases = Leases(access: outbox)
        await Self.sweep(outbox, FakeEventPublisher(outbox: outbox, ready: ready), leases) {
            // Time for a claim that must not be made.
            try? await Task.sleep(for: .milliseconds(20))
            #expect(await outbox.claims.isEmpty)
            #expect(await leases.count == 0)
            ready.withLockedValue { $0 = true }
            await outbox.waitUntilLeft([])
        }
        #expect(await leases.count == 1)
    }

    @Test func `confirms may take longer than the session may be silent`() async {
        let outbox = FakeOutbox([1, 2, 3])
        let leases = Leases(access: outbox)
        // The broker confirms when the session was kept alive three times meanwhile.
        let broker = FakeEventPublisher(outbox: outbox, beforeConfirms: { await leases.wait { $0.keepAlives >= 3 } })
        await Self.sweep(outbox, broker, leases) { await outbox.waitUntilLeft([]) }
        #expect(await leases.count == 1)
        #expect(await leases.keepAlives >= 3)
    }
}
