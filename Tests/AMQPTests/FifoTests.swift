import SeededRandom
import Testing

@testable import AMQP

struct FifoTests {
    @Test(arguments: 0..<5) func behavesLikeAnArray(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var fifo = Fifo<Int>()
        var array: [Int] = []
        for step in 0..<5000 {
            switch Int.random(in: 0..<100, using: &generator) {
            // Grows and shrinks in long waves, so that compaction is reached.
            case 0..<(step / 500 % 2 == 0 ? 70 : 30):
                fifo.append(step)
                array.append(step)
            case 98:
                fifo.removeAll { $0 % 3 == 0 }
                array.removeAll { $0 % 3 == 0 }
            case 99 where !array.isEmpty:
                let index = Int.random(in: array.indices, using: &generator)
                fifo[index] = -step
                array[index] = -step
            default:
                let expected = array.isEmpty ? nil : array.removeFirst()
                guard fifo.popFirst() == expected else {
                    Issue.record("step \(step)")
                    return
                }
            }
            guard fifo.count == array.count, fifo.first == array.first else {
                Issue.record("step \(step)")
                return
            }
        }
        #expect(Array(fifo) == array)
    }
}
