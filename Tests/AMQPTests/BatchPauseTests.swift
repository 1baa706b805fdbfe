import Testing

@testable import AMQP

@Suite struct BatchPauseTests {
    private let start = ContinuousClock.now

    private func pause() -> BatchPause { BatchPause(rest: .milliseconds(5) ... .milliseconds(20), enoughMessages: 64) }

    @Test func `nothing is delayed before the first batch`() {
        #expect(self.pause().end(now: self.start, waiting: 0) == nil)
    }

    @Test func `a small batch is followed by a rest`() {
        var pause = self.pause()
        pause.batchLeft(messages: 1, now: self.start)
        #expect(pause.end(now: self.start + .milliseconds(4), waiting: 3) == self.start + .milliseconds(5))
        #expect(pause.end(now: self.start + .milliseconds(5), waiting: 3) == nil, "the rest is over")
    }

    @Test(arguments: [64, 500]) func `a large batch is followed by no rest`(messages: Int) {
        var pause = self.pause()
        pause.batchLeft(messages: messages, now: self.start)
        #expect(pause.end(now: self.start, waiting: 0) == nil)
    }

    @Test func `a rest ends when enough messages wait`() {
        var pause = self.pause()
        pause.batchLeft(messages: 63, now: self.start)
        #expect(pause.end(now: self.start, waiting: 63) != nil)
        #expect(pause.end(now: self.start, waiting: 64) == nil)
    }

    @Test func `an empty batch is followed by no rest`() {
        var pause = self.pause()
        pause.batchLeft(messages: 0, now: self.start)
        #expect(pause.end(now: self.start, waiting: 0) == nil)
    }

    @Test(arguments: [(1, 5_000), (4, 5_000), (5, 6_250), (8, 10_000), (16, 20_000), (63, 20_000)])
    func `the rest grows with the batch`(messages: Int, microseconds: Int) {
        var pause = self.pause()
        pause.batchLeft(messages: messages, now: self.start)
        #expect(pause.end(now: self.start, waiting: 0) == self.start + .microseconds(microseconds))
    }

    @Test func `without a duration there is no rest`() {
        var pause = BatchPause(rest: .zero ... .zero, enoughMessages: 16)
        pause.batchLeft(messages: 8, now: self.start)
        #expect(pause.end(now: self.start, waiting: 0) == nil)
    }
}
