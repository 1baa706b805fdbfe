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

    @Test func `an outage fails everybody at once and is asked about again after the pause`() {
        var state = self.makeState(connections: 1)
        _ = state.lease(1, self.start)
        _ = state.lease(2, self.start)
        guard case .fail(let waiters, let error) = state.connectFailed(self.failure, now: self.start) else {
            Issue.record("the waiters were left waiting")
            return
        }
        #expect(waiters.map(\.id) == [1, 2])
        #expect(error == self.failure)
        #expect(state.lease(3, self.start + .milliseconds(199)) == .fail(.connectFailed))
        #expect(state.lease(4, self.start + .milliseconds(200)) == .wait(true))
    }

    @Test func `a failed attempt does not fail those who can wait for a lent connection`() {
        var state = self.makeState()
        _ = state.lease(1, self.start)
        _ = state.connected("a")
        _ = state.lease(2, self.start)
        guard case .nothing = state.connectFailed(self.failure, now: self.start) else {
            Issue.record("the waiter was failed although a connection is out")
            return
        }
        #expect(state.released("a").handed == "a to 2")
    }

    @Test func `a lost connection is replaced for who waits`() {
        var state = self.makeState(connections: 1)
        _ = state.lease(1, self.start)
        _ = state.connected("a")
        _ = state.lease(2, self.start)
        guard case .openAnother = state.lost(now: self.start) else {
            Issue.record("no connection is opened for the waiter")
            return
        }
        #expect(state.connected("b").handed == "b to 2")
    }

    @Test func `deadlines and cancellation take waiters out`() {
        var state = self.makeState(connections: 1)
        _ = state.lease(1, self.start)
        _ = state.lease(2, self.start)
        #expect(state.cancel(2)?.id == 2)
        #expect(state.cancel(2) == nil)
        #expect(state.expire(now: self.start + .milliseconds(999)).isEmpty)
        #expect(state.expire(now: self.start + .seconds(1)).map(\.id) == [1])
    }

    @Test func `who waits gets another attempt once the pause is over, without a new caller`() {
        var state = self.makeState()
        _ = state.lease(1, self.start)
        _ = state.connected("a")
        _ = state.lease(2, self.start)
        _ = state.connectFailed(self.failure, now: self.start)
        let asked = [199, 200, 200].map { state.wantsAnother(now: self.start + .milliseconds($0)) }
        #expect(asked == [false, true, false])
    }

    @Test func `after shutdown nothing is lent and what comes back is closed`() {
        var state = self.makeState(connections: 1)
        _ = state.lease(1, self.start)
        _ = state.connected("a")
        _ = state.lease(2, self.start)
        #expect(state.shutDown().waiters.map(\.id) == [2])
        #expect(state.lease(3, self.start) == .fail(.shutDown))
        guard case .close("a") = state.released("a") else {
            Issue.record("the connection is kept")
            return
        }
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
        switch self.lease(id: id, now: now, deadline: now + .seconds(1), continuation: Int(id)) {
        case .use(let connection): .use(connection)
        case .wait(let openAnother): .wait(openAnother)
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
