import Testing

@testable import AMQP

@Suite struct ConnectionLogTests {
    private let start = ContinuousClock.now

    @Test func `a change is logged once, and a failure that goes on once a minute`() {
        var log = ConnectionLog()
        #expect(log.connected(now: self.start) == .zero)
        var lines: [Int] = []
        for second in 0..<150 {
            if let failures = log.failed(.unreachable, now: self.start + .seconds(second)) { lines.append(failures) }
        }
        #expect(lines == [1, 61, 121])
        #expect(log.connected(now: self.start + .seconds(150)) == .seconds(150))
    }

    @Test func `another kind of failure is a change`() {
        var log = ConnectionLog()
        #expect(log.failed(.unreachable, now: self.start) == 1)
        #expect(log.failed(.refused, now: self.start) == 2)
        #expect(log.failed(.unreachable, now: self.start) == nil)
        #expect(log.failed(.refused, now: self.start) == nil)
    }

    @Test func `the end of a connection that lasted is a change`() {
        var log = ConnectionLog()
        #expect(log.failed(.connectionLost, now: self.start) == 1)
        #expect(log.connected(now: self.start) == .zero)
        #expect(log.failed(.connectionLost, now: self.start + .seconds(10)) == 1)
    }

    @Test func `a broker that accepts and closes again and again makes two lines a minute`() {
        var log = ConnectionLog()
        var lines = 0
        for second in 0..<120 {
            if log.connected(now: self.start + .seconds(second)) != nil { lines += 1 }
            if log.failed(.connectionLost, now: self.start + .seconds(second)) != nil { lines += 1 }
        }
        // The first connection, too.
        #expect(lines == 5)
    }
}
