import LeaseFakes
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import ServiceRuntime

@Suite(.timeLimit(.minutes(5))) struct LeaseLoopTests {
    private typealias Turn = LeaseLoop<String>.Turn

    private struct Failure: Error {}

    /// Runs a loop until the condition holds, then cancels it.
    private static func run(
        _ leases: FakeLeases<String>, ready: NIOLockedValueBox<Bool> = NIOLockedValueBox(true),
        until done: @escaping @Sendable () async -> Void, _ turn: @escaping @Sendable (Turn) async throws -> Duration
    ) async {
        var limits = LeaseLimits()
        limits.idleInterval = .milliseconds(1)
        limits.keepAliveInterval = .milliseconds(2)
        let loop = LeaseLoop(source: leases, isReady: { ready.withLockedValue { $0 } }, limits: limits, logger: Logger(label: "tests"))
        let task = Task { await loop.run(turn) }
        await done()
        task.cancel()
        await task.value
    }

    @Test func `the holder works in turns and gives the lease back at the end`() async {
        let leases = FakeLeases(access: "work")
        let turns = NIOLockedValueBox<[String]>([])
        await Self.run(leases, until: { while turns.withLockedValue({ $0.count }) < 3 { await Task.yield() } }) { turn in
            turns.withLockedValue { $0.append(turn.access) }
            return .zero
        }
        #expect(turns.withLockedValue { $0.prefix(3) } == ["work", "work", "work"])
        #expect(await leases.count == 1)
        #expect(await !leases.isHeld)
    }

    @Test func `a wait inside a turn keeps the session alive, however long it is`() async {
        let leases = FakeLeases(access: "work")
        let waited = NIOLockedValueBox<Int?>(nil)
        await Self.run(leases, until: { while waited.withLockedValue({ $0 == nil }) { await Task.yield() } }) { turn in
            let before = await leases.keepAlives
            let result = await turn.wait {
                await leases.wait { $0.keepAlives >= before + 3 }
                return 7
            }
            waited.withLockedValue { $0 = result }
            return .zero
        }
        #expect(waited.withLockedValue { $0 } == 7)
        #expect(await leases.count == 1)
    }

    @Test func `a long pause keeps the session alive`() async {
        let leases = FakeLeases(access: "work")
        await Self.run(leases, until: { await leases.wait { $0.keepAlives >= 3 } }) { _ in .seconds(3600) }
        #expect(await leases.count == 1)
        #expect(await !leases.isHeld)
    }

    @Test func `a wait during which the work cannot go on gives the lease back at once`() async {
        let leases = FakeLeases(access: "work")
        let ready = NIOLockedValueBox(true)
        let isOver = NIOLockedValueBox(false)
        await Self.run(leases, ready: ready, until: { await leases.wait { $0.count >= 2 } }) { turn in
            guard !isOver.withLockedValue({ $0 }) else { return .seconds(3600) }
            await turn.wait {
                ready.withLockedValue { $0 = false }
                // The wait ends only when the lease is given back, so that must not happen after it.
                await leases.wait { !$0.isHeld }
                isOver.withLockedValue { $0 = true }
            }
            #expect(!turn.goesOn)
            ready.withLockedValue { $0 = true }
            // As the next statement of the holder would.
            throw Failure()
        }
        #expect(await leases.count == 2)
    }

    @Test func `a turn that fails gives the lease back, and the next one is had`() async {
        let leases = FakeLeases(access: "work")
        await Self.run(leases, until: { await leases.wait { $0.count >= 3 } }) { _ in throw Failure() }
        #expect(await leases.count >= 3)
        #expect(await !leases.isHeld)
    }

    @Test func `nothing is done, and the lease is left to others, while the work cannot go on`() async {
        let leases = FakeLeases(access: "work")
        let ready = NIOLockedValueBox(true)
        let turns = NIOLockedValueBox(0)
        await Self.run(
            leases, ready: ready,
            until: {
                await leases.wait { $0.isHeld }
                ready.withLockedValue { $0 = false }
                await leases.wait { !$0.isHeld }
                let before = turns.withLockedValue { $0 }
                // Time for a turn that must not begin.
                try? await Task.sleep(for: .milliseconds(20))
                #expect(turns.withLockedValue { $0 } == before)
                #expect(await leases.count == 1)
                ready.withLockedValue { $0 = true }
                await leases.wait { $0.count == 2 }
            }
        ) { _ in
            turns.withLockedValue { $0 += 1 }
            return .milliseconds(1)
        }
        #expect(await leases.count == 2)
    }

    @Test func `a lease that another holds is asked for until it is free`() async throws {
        let leases = FakeLeases(access: "work")
        let other = try #require(try await leases.acquire())
        let turns = NIOLockedValueBox(0)
        await Self.run(
            leases,
            until: {
                // Time for a turn that must not begin.
                try? await Task.sleep(for: .milliseconds(20))
                #expect(turns.withLockedValue { $0 } == 0)
                await other.release()
                while turns.withLockedValue({ $0 }) == 0 { await Task.yield() }
            }
        ) { _ in
            turns.withLockedValue { $0 += 1 }
            return .milliseconds(1)
        }
        #expect(await leases.count == 2)
    }

    @Test func `a session speaks several times before the server considers it dead`() {
        #expect(LeaseLimits().keepAliveInterval * 3 <= LeaseLimits.silenceMax)
    }
}
