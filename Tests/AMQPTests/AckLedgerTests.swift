import SeededRandom
import Testing

@testable import AMQP

struct AckLedgerTests {
    private func ledger(_ count: UInt64, generation: UInt64 = 1) -> AckLedger {
        var ledger = AckLedger()
        ledger.open(generation: generation)
        for number in 1...count { #expect(ledger.delivered(number) == true) }
        ledger.handOut(upTo: count)
        return ledger
    }

    private func tags(_ numbers: [UInt64], generation: UInt64 = 1) -> [DeliveryTag] {
        numbers.map { DeliveryTag(generation: generation, number: $0) }
    }

    @Test func `acknowledges contiguous tags together`() {
        var ledger = self.ledger(5)
        for tag in self.tags([2, 1, 3]) { ledger.settle(tag) }
        #expect(ledger.flush() == [.init(number: 3, multiple: true)])
        #expect(ledger.flush() == [])
        ledger.settle(self.tags([4])[0])
        #expect(ledger.flush() == [.init(number: 4, multiple: false)])
        #expect(!ledger.isHandedOutSettled)
        ledger.settle(self.tags([5])[0])
        #expect(ledger.isHandedOutSettled)
    }

    @Test func `acknowledges above a gap one by one`() {
        var ledger = self.ledger(6)
        for tag in self.tags([2, 4, 5]) { ledger.settle(tag) }
        #expect(
            ledger.flush() == [.init(number: 2, multiple: false), .init(number: 4, multiple: false), .init(number: 5, multiple: false)])
        // 2 is acknowledged already: naming it again would close the channel.
        ledger.settle(self.tags([1])[0])
        #expect(ledger.flush() == [.init(number: 1, multiple: false)])
        for tag in self.tags([3, 6]) { ledger.settle(tag) }
        #expect(ledger.flush() == [.init(number: 6, multiple: true)])
        #expect(ledger.count == 0)
    }

    @Test func `does not name a tag twice at the end of a contiguous run`() {
        var ledger = self.ledger(4)
        for tag in self.tags([3, 4]) { ledger.settle(tag) }
        _ = ledger.flush()
        for tag in self.tags([1, 2]) { ledger.settle(tag) }
        #expect(ledger.flush() == [.init(number: 2, multiple: true)])
        #expect(ledger.count == 0)
    }

    @Test func `ignores what is settled twice or was never handed out`() {
        var ledger = self.ledger(2)
        #expect(ledger.delivered(3) == true)
        for tag in self.tags([3, 4, 0, .max, 1, 1]) { ledger.settle(tag) }
        #expect(ledger.flush() == [.init(number: 1, multiple: false)])
        ledger.settle(self.tags([1])[0])
        #expect(ledger.flush() == [])
    }

    @Test func `drops tags of another generation`() {
        var ledger = self.ledger(2, generation: 7)
        for tag in self.tags([1, 2], generation: 6) { ledger.settle(tag) }
        #expect(!ledger.hasFresh)
        ledger.settle(self.tags([1], generation: 7)[0])
        ledger.open(generation: 8)
        #expect(ledger.flush() == [])
        #expect(ledger.isHandedOutSettled)
    }

    @Test func `refuses deliveries out of order`() {
        var ledger = self.ledger(2)
        #expect(ledger.delivered(2) == false)
        #expect(ledger.delivered(4) == false)
        #expect(ledger.delivered(3) == true)
    }

    @Test func `remembers only what is open however long the lowest stays`() {
        var ledger = self.ledger(1)
        for number in UInt64(2)...20_000 {
            _ = ledger.delivered(number)
            ledger.handOut(upTo: number)
            ledger.settle(self.tags([number])[0])
            _ = ledger.flush()
            guard ledger.count < 1000 else {
                Issue.record("\(ledger.count) entries for one open delivery")
                return
            }
        }
    }

    /// Invariants, against a broker that keeps a set: only settled tags are acknowledged, each once, and a `multiple` names a tag that is
    /// out.
    @Test(arguments: 0..<20) func `acknowledges neither too much nor twice`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var ledger = AckLedger()
        var generation: UInt64 = 1
        ledger.open(generation: generation)
        var unacked = Set<UInt64>()
        var open: [UInt64] = []
        var settled = Set<UInt64>()
        var next: UInt64 = 1
        for _ in 0..<3000 {
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<50:
                _ = ledger.delivered(next)
                ledger.handOut(upTo: next)
                unacked.insert(next)
                open.append(next)
                next += 1
            case 50..<90 where !open.isEmpty:
                let number = open.remove(at: .random(in: open.indices, using: &generator))
                settled.insert(number)
                ledger.settle(DeliveryTag(generation: generation, number: number))
            case 99:
                generation += 1
                ledger.open(generation: generation)
                (unacked, open, settled, next) = ([], [], [], 1)
            default:
                for ack in ledger.flush() {
                    #expect(unacked.contains(ack.number))
                    let covered = unacked.filter { $0 == ack.number || ack.multiple && $0 < ack.number }
                    #expect(covered.isSubset(of: settled))
                    unacked.subtract(covered)
                }
                #expect(unacked.isDisjoint(with: settled))
                #expect(ledger.isHandedOutSettled == open.isEmpty)
            }
        }
    }
}
