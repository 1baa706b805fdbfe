import SeededRandom
import Testing

@testable import AMQP

struct ConfirmWindowTests {
    private let start = ContinuousClock.now

    private func window(_ count: Int, mandatory: Bool = true) -> ConfirmWindow<Int> {
        var window = ConfirmWindow<Int>()
        for token in 1...count { window.sent(token, messageID: mandatory ? "m\(token)" : nil, now: self.start) }
        return window
    }

    private func outcomes(_ settled: [ConfirmWindow<Int>.Settled]?) -> [Int: PublishOutcome]? {
        settled.map { Dictionary(uniqueKeysWithValues: $0.map { ($0.token, $0.outcome) }) }
    }

    @Test func `settles one or all up to one`() {
        var window = self.window(6)
        #expect(self.outcomes(window.settle(3, multiple: false, confirmed: true)) == [3: .confirmed])
        #expect(window.count == 6)
        #expect(self.outcomes(window.settle(4, multiple: true, confirmed: true)) == [1: .confirmed, 2: .confirmed, 4: .confirmed])
        #expect(window.count == 2)
        #expect(self.outcomes(window.settle(5, multiple: false, confirmed: false)) == [5: .rejected])
        #expect(self.outcomes(window.settle(0, multiple: true, confirmed: true)) == [6: .confirmed])
        #expect(window.isEmpty)
    }

    @Test func `settles nothing twice`() {
        var window = self.window(3)
        #expect(window.settle(2, multiple: true, confirmed: true)?.count == 2)
        #expect(window.settle(2, multiple: true, confirmed: true)?.isEmpty == true)
        #expect(window.settle(1, multiple: false, confirmed: false)?.isEmpty == true)
    }

    @Test func `refuses numbers that were never given`() {
        var window = self.window(3)
        #expect(window.settle(4, multiple: false, confirmed: true) == nil)
        #expect(window.settle(.max, multiple: true, confirmed: true) == nil)
        #expect(window.settle(0, multiple: false, confirmed: true) == nil)
        #expect(window.count == 3)
    }

    @Test func `a return is kept until its ack`() {
        var window = self.window(3)
        #expect(window.returned(messageID: "m2", code: 312, text: "NO_ROUTE") == true)
        #expect(
            self.outcomes(window.settle(3, multiple: true, confirmed: true)) == [
                1: .confirmed, 2: .returned(code: 312, text: "NO_ROUTE"), 3: .confirmed,
            ])
    }

    @Test func `gives returns of one id to the oldest first`() {
        var window = ConfirmWindow<Int>()
        for token in 1...3 { window.sent(token, messageID: "same", now: self.start) }
        #expect(window.returned(messageID: "same", code: 312, text: "") == true)
        #expect(window.returned(messageID: "same", code: 313, text: "") == true)
        let outcomes = self.outcomes(window.settle(3, multiple: true, confirmed: true))
        #expect(outcomes == [1: .returned(code: 312, text: ""), 2: .returned(code: 313, text: ""), 3: .confirmed])
    }

    @Test func `refuses returns of messages that are not out`() {
        var window = self.window(2, mandatory: false)
        #expect(window.returned(messageID: "m1", code: 312, text: "") == false)
        #expect(window.returned(messageID: nil, code: 312, text: "") == false)
        var settled = self.window(1)
        _ = settled.settle(1, multiple: false, confirmed: true)
        #expect(settled.returned(messageID: "m1", code: 312, text: "") == false)
    }

    @Test func `what is out when the channel closes is unknown`() {
        var window = self.window(4)
        _ = window.settle(2, multiple: false, confirmed: true)
        _ = window.returned(messageID: "m3", code: 312, text: "NO_ROUTE")
        #expect(self.outcomes(window.closeAll()) == [1: .unknown, 3: .returned(code: 312, text: "NO_ROUTE"), 4: .unknown])
        #expect(window.isEmpty)
        // The next channel counts from 1 again.
        window.sent(9, messageID: nil, now: self.start)
        #expect(self.outcomes(window.settle(1, multiple: false, confirmed: true)) == [9: .confirmed])
    }

    @Test func `counts the age of the oldest message without the time of a block`() {
        var window = ConfirmWindow<Int>()
        #expect(window.deadline(timeout: .seconds(30)) == nil)
        window.sent(1, messageID: nil, now: self.start)
        window.sent(2, messageID: nil, now: self.start + .seconds(5))
        #expect(window.deadline(timeout: .seconds(30)) == self.start + .seconds(30))
        _ = window.settle(1, multiple: false, confirmed: true)
        #expect(window.deadline(timeout: .seconds(30)) == self.start + .seconds(35))
        window.restartAges(now: self.start + .seconds(100))
        #expect(window.deadline(timeout: .seconds(30)) == self.start + .seconds(130))
        window.sent(3, messageID: nil, now: self.start + .seconds(110))
        _ = window.settle(2, multiple: false, confirmed: true)
        #expect(window.deadline(timeout: .seconds(30)) == self.start + .seconds(140))
    }

    /// Invariants: every message gets exactly one outcome; a return counts until its ack.
    @Test(arguments: 0..<20) func `every message has one outcome`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var window = ConfirmWindow<Int>()
        var expected: [PublishOutcome?] = []
        var actual: [PublishOutcome?] = []
        var returned: [PublishOutcome?] = []
        var base = 0
        func record(_ settled: [ConfirmWindow<Int>.Settled]) {
            for message in settled {
                if actual[message.token] != nil { Issue.record("message \(message.token) has two outcomes") }
                actual[message.token] = message.outcome
            }
        }
        for _ in 0..<2000 {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<10:
                window.sent(expected.count, messageID: "m\(expected.count)", now: self.start)
                expected.append(nil)
                actual.append(nil)
                returned.append(nil)
            case 10..<13 where base < expected.count:
                let index = Int.random(in: base..<expected.count, using: &generator)
                guard expected[index] == nil, returned[index] == nil else { continue }
                returned[index] = .returned(code: 312, text: "")
                #expect(window.returned(messageID: "m\(index)", code: 312, text: "") == true)
            case 13..<19 where base < expected.count:
                let index = Int.random(in: base..<expected.count, using: &generator)
                let multiple = Bool.random(using: &generator)
                let confirmed = Int.random(in: 0..<4, using: &generator) > 0
                for covered in (multiple ? base : index)...index where expected[covered] == nil {
                    expected[covered] = confirmed ? returned[covered] ?? .confirmed : .rejected
                }
                let settled = window.settle(UInt64(index - base + 1), multiple: multiple, confirmed: confirmed)
                record(try #require(settled))
            case 19 where Int.random(in: 0..<10, using: &generator) == 0:
                for index in base..<expected.count where expected[index] == nil { expected[index] = returned[index] ?? .unknown }
                record(window.closeAll())
                base = expected.count
            default: continue
            }
        }
        #expect(actual == expected)
        for index in base..<expected.count where expected[index] == nil { expected[index] = returned[index] ?? .unknown }
        record(window.closeAll())
        #expect(actual == expected)
    }
}
