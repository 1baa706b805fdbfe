import Testing

@testable import AMQP

@Suite struct BatchPauseTests {
    private let start = ContinuousClock.now

    private func pause() -> BatchPause { BatchPause(duration: .milliseconds(5), enoughMessages: 16) }

    @Test func nothingIsDelayedBeforeTheFirstBatch() {
        #expect(self.pause().end(now: self.start, waiting: 0) == nil)
    }

    @Test func aSmallBatchIsFollowedByARest() {
        var pause = self.pause()
        pause.batchLeft(messages: 1, now: self.start)
        #expect(pause.end(now: self.start + .milliseconds(4), waiting: 3) == self.start + .milliseconds(5))
        #expect(pause.end(now: self.start + .milliseconds(5), waiting: 3) == nil, "the rest is over")
    }

    @Test(arguments: [16, 500]) func aLargeBatchIsNot(messages: Int) {
        var pause = self.pause()
        pause.batchLeft(messages: messages, now: self.start)
        #expect(pause.end(now: self.start, waiting: 0) == nil)
    }

    @Test func aRestEndsWhenEnoughWaits() {
        var pause = self.pause()
        pause.batchLeft(messages: 15, now: self.start)
        #expect(pause.end(now: self.start, waiting: 15) != nil)
        #expect(pause.end(now: self.start, waiting: 16) == nil)
    }

    @Test func whereNothingLeftThereIsNoRest() {
        var pause = self.pause()
        pause.batchLeft(messages: 0, now: self.start)
        #expect(pause.end(now: self.start, waiting: 0) == nil)
    }

    @Test func withoutADurationThereIsNone() {
        var pause = BatchPause(duration: .zero, enoughMessages: 16)
        pause.batchLeft(messages: 1, now: self.start)
        #expect(pause.end(now: self.start, waiting: 0) == nil)
    }
}
