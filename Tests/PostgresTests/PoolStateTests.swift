import Testing

@testable import Postgres

@Suite struct PoolStateTests {
    private let start = ContinuousClock.now
    private let failure = PostgresError(.connectFailed, detail: "refused")

    private func makeState(connections: Int = 2, waiters: Int = 3) -> PoolState<String, Int> {
        PoolState(connectionsMax: connections, waitersMax: waiters, reconnectPause: .milliseconds(200))
    }

    @Test func `opens no more connections than allowed and serves waiters in order`() {
        var state = self.makeState()
        #expect(state.lease(1, self.start) == .wait(true))
        #expect(state.lease(2, self.start) == .wait(true))
        #expect(state.lease(3, self.start) == .wait(false))
        #expect(state.connected("a").handed == "a to 1")
        #expect(state.connected("b").handed == "b to 2")
        #expect(state.released("b").handed == "b to 3")
        #expect(state.leased == 2)
    }

    @Test func `lends what came back last`() {
        var state = self.makeState()
        _ = state.lease(1, self.start)
        _ = state.lease(2, self.start)
        _ = state.connected("a")
        _ = state.connected("b")
        _ = state.released("a")
        _ = state.released("b")
        #expect(state.lease(3, self.start) == .use("b"))
    }

    @Test func `refuses a caller too many`() {
        var state = self.makeState(connections: 1, waiters: 1)
        _ = state.lease(1, self.start)
        #expect(state.lease(2, self.start) == .fail(.poolExhausted))
    }

    @Test func `an outage fails all waiters at once and another attempt is made after the pause`() {
        var state = self.makeState(connections: 1)
        _ = state.lease(1, self.start)
        _ = state.lease(2, self.start)
        let failed = state.connectFailed(self.failure, now: self.start)
        #expect(failed.waiters.map(\.id) == [1, 2])
        #expect(failed.error == self.failure)
        #expect(state.lease(3, self.start + .milliseconds(199)) == .fail(.connectFailed))
        #expect(state.lease(4, self.start + .milliseconds(200)) == .wait(true))
    }

    @Test func `a failed attempt does not fail waiters while a connection is lent`() {
        var state = self.makeState()
        _ = state.lease(1, self.start)
        _ = state.connected("a")
        _ = state.lease(2, self.start)
        #expect(state.connectFailed(self.failure, now: self.start).error == nil, "a connection is out and will be returned")
        #expect(state.released("a").handed == "a to 2")
    }

    @Test func `a lost connection is replaced for a waiter`() {
        var state = self.makeState(connections: 1)
        _ = state.lease(1, self.start)
        _ = state.connected("a")
        _ = state.lease(2, self.start)
        #expect(state.lost(now: self.start).error == nil)
        #expect(state.demand(now: self.start).attempts == 1)
        #expect(state.connected("b").handed == "b to 2")
    }

    @Test func `deadlines and cancellation take waiters out`() {
        var state = self.makeState(connections: 1)
        _ = state.lease(1, self.start)
        _ = state.lease(2, self.start)
        #expect(state.cancel(2)?.id == 2)
        #expect(state.cancel(2) == nil)
        let deadline = self.start + .seconds(1)
        #expect(state.timerFired(deadline, now: self.start + .milliseconds(999)).isEmpty)
        #expect(state.timerFired(deadline, now: deadline).map(\.id) == [1])
    }

    @Test func `a wait in vain is the load's fault only if others have connections`() {
        var state = self.makeState(connections: 1)
        _ = state.lease(1, self.start)
        #expect(state.expired.code == .connectFailed)
        _ = state.connected("a")
        #expect(state.expired.code == .poolExhausted)
    }

    @Test func `the timer is set once for the next deadline, and for nothing when nobody waits`() {
        var state = self.makeState(connections: 1)
        func wait(_ id: UInt64, _ milliseconds: Int64) -> ContinuousClock.Instant? {
            let now = self.start + .milliseconds(milliseconds)
            _ = state.lease(id: id, now: now, deadline: now + .seconds(1), continuation: Int(id))
            return state.demand(now: now).timer
        }
        #expect(wait(1, 0) == self.start + .seconds(1))
        #expect(wait(2, 10) == nil, "the timer is set to an earlier moment")
        #expect(state.connected("a").handed == "a to 1")
        #expect(wait(3, 20) == nil)
        // The first one is served meanwhile; the timer finds that, and goes on to the next.
        let first = self.start + .seconds(1)
        #expect(state.timerFired(first, now: first).isEmpty)
        #expect(state.demand(now: first).timer == self.start + .milliseconds(1010))
        let second = self.start + .milliseconds(1020)
        #expect(state.timerFired(self.start + .milliseconds(1010), now: second).map(\.id) == [2, 3])
        #expect(state.demand(now: second).timer == nil)
    }

    @Test func `a caller whose connection was dead waits in the place that its deadline gives`() {
        var state = self.makeState(connections: 1)
        _ = state.lease(1, self.start)
        _ = state.connected("a")
        _ = state.lease(2, self.start + .milliseconds(10))
        _ = state.lost(now: self.start + .milliseconds(20))
        let deadline = self.start + .seconds(1)
        _ = state.lease(id: 3, now: self.start + .milliseconds(20), deadline: deadline, continuation: 3)
        #expect(state.demand(now: self.start + .milliseconds(20)).attempts == 1)
        #expect(state.connected("b").handed == "b to 3")
    }

    @Test func `a waiter gets another attempt once the pause is over, without a new caller`() {
        var state = self.makeState()
        _ = state.lease(1, self.start)
        _ = state.connected("a")
        _ = state.lease(2, self.start)
        _ = state.connectFailed(self.failure, now: self.start)
        let retry = self.start + .milliseconds(200)
        #expect(state.demand(now: self.start) == .init(attempts: 0, timer: retry))
        #expect(state.demand(now: self.start + .milliseconds(199)) == .init(attempts: 0, timer: nil))
        #expect(state.timerFired(retry, now: retry).isEmpty)
        #expect(state.demand(now: retry) == .init(attempts: 1, timer: self.start + .seconds(1)))
        #expect(state.demand(now: retry).attempts == 0, "the attempt is under way")
    }

    @Test func `after shutdown nothing is lent, and a returned connection is closed`() {
        var state = self.makeState(connections: 1)
        _ = state.lease(1, self.start)
        _ = state.connected("a")
        _ = state.lease(2, self.start)
        #expect(state.shutDown().waiters.map(\.id) == [2])
        #expect(!state.isDrained)
        #expect(state.lease(3, self.start) == .fail(.shutDown))
        guard case .close("a") = state.released("a") else {
            Issue.record("the connection is kept")
            return
        }
        #expect(state.isDrained)
    }
}

/// A lease action in a form that compares.
private enum Leased: Equatable {
    case use(String)
    case wait(Bool)
    case fail(PostgresError.Code)
}

extension PoolState<String, Int> {
    fileprivate mutating func lease(_ id: UInt64, _ now: ContinuousClock.Instant) -> Leased {
        let action = self.lease(id: id, now: now, deadline: now + .seconds(1), continuation: Int(id))
        let attempts = self.demand(now: now).attempts
        return switch action {
        case .use(let connection): .use(connection)
        case .wait: .wait(attempts > 0)
        case .fail(let error): .fail(error.code)
        }
    }
}

extension PoolState<String, Int>.FreeAction {
    fileprivate var handed: String? {
        guard case .hand(let connection, let waiter) = self else { return nil }
        return "\(connection) to \(waiter.id)"
    }
}
