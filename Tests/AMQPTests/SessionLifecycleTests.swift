import Testing

@testable import AMQP

@Suite struct SessionLifecycleTests {
    private let start = ContinuousClock.now

    private func lifecycle(endpoints: Int = 1) -> SessionLifecycle {
        var configuration = AMQPConfiguration(
            endpoints: (0..<endpoints).map { AMQPEndpoint(host: "h\($0)") }, user: "u", password: "p", connectionName: "test")
        configuration.reconnectDelayMin = .milliseconds(100)
        configuration.reconnectDelayMax = .seconds(1)
        return SessionLifecycle(configuration, drainTimeout: .seconds(10))
    }

    @Test func `it runs once`() throws {
        var lifecycle = self.lifecycle()
        #expect(lifecycle.acceptsWork && !lifecycle.isRunning)
        #expect(try lifecycle.start() == true)
        #expect(lifecycle.acceptsWork && lifecycle.isRunning)
        #expect(throws: AMQPError(.alreadyRunning)) { try lifecycle.start() }
        #expect(lifecycle.isRunning)
    }

    @Test func `it drains after a stop, then ends`() throws {
        var lifecycle = self.lifecycle()
        _ = try lifecycle.start()
        #expect(lifecycle.drainEnd == nil)
        #expect(lifecycle.stop(now: self.start) == true)
        #expect(lifecycle.drainEnd == self.start + .seconds(10))
        #expect(!lifecycle.isRunning && !lifecycle.acceptsWork)
        #expect(lifecycle.stop(now: self.start + .seconds(5)) == false)
        #expect(lifecycle.drainEnd == self.start + .seconds(10))
        lifecycle.finish()
        #expect(lifecycle.drainEnd == nil && !lifecycle.acceptsWork)
    }

    @Test func `stopped before it began, it does not run`() throws {
        var lifecycle = self.lifecycle()
        #expect(lifecycle.stop(now: self.start) == true)
        #expect(!lifecycle.acceptsWork)
        #expect(try lifecycle.start() == false)
        #expect(!lifecycle.isRunning)
    }

    @Test func `it pauses when every endpoint had its turn`() {
        var lifecycle = self.lifecycle(endpoints: 2)
        var hosts: [String] = []
        var pauses: [Duration] = []
        for _ in 0..<5 {
            hosts.append(lifecycle.nextEndpoint().host)
            pauses.append(lifecycle.attemptEnded(after: .zero, random: 0))
        }
        #expect(hosts == ["h0", "h1", "h0", "h1", "h0"])
        #expect(pauses == [.zero, .milliseconds(100), .zero, .milliseconds(200), .zero])
        // A connection that lasted makes pauses short again.
        _ = lifecycle.nextEndpoint()
        #expect(lifecycle.attemptEnded(after: .seconds(1), random: 0) == .milliseconds(100))
    }
}

struct BackoffTests {
    @Test func `pauses double up to the limit`() {
        var backoff = Backoff(shortest: .milliseconds(100), longest: .milliseconds(350))
        #expect(
            (0..<4).map { _ in backoff.next(random: 0) } == [
                .milliseconds(100), .milliseconds(200), .milliseconds(350), .milliseconds(350),
            ])
    }

    @Test func `a pause is shortened by up to a half`() {
        var backoff = Backoff(shortest: .milliseconds(100), longest: .seconds(1))
        #expect(backoff.next(random: 0.5) == .milliseconds(75))
        #expect(backoff.next(random: 1.0.nextDown) >= .milliseconds(100))
    }

    @Test func `only an attempt that lasted makes pauses short again`() {
        var backoff = Backoff(shortest: .milliseconds(100), longest: .seconds(1))
        _ = backoff.next(random: 0)
        backoff.lasted(.milliseconds(900))
        #expect(backoff.next(random: 0) == .milliseconds(200))
        backoff.lasted(.seconds(1))
        #expect(backoff.next(random: 0) == .milliseconds(100))
    }
}
