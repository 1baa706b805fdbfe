import Testing

@testable import Batching

@Suite struct BatchQueueTests {
    private func makeQueue(queueMax: Int = 5, batchMax: Int = 3) -> BatchQueue<Int, String> {
        BatchQueue(queueMax: queueMax, batchMax: batchMax)
    }

    @Test func `a free worker receives what arrives at once`() {
        var queue = self.makeQueue()
        guard case .wait = queue.demand("a") else {
            Issue.record("an empty queue gave work")
            return
        }
        let submission = queue.submit([1])
        #expect(submission.accepted == 1)
        #expect(submission.handOffs.map(\.worker) == ["a"])
        #expect(submission.handOffs.map(\.items) == [[1]])
    }

    @Test func `many items wake as many workers as they fill`() {
        var queue = self.makeQueue()
        for worker in ["a", "b", "c"] { _ = queue.demand(worker) }
        #expect(queue.submit([1, 2, 3, 4, 5]).handOffs.map(\.items) == [[1, 2, 3], [4, 5]])
        #expect(queue.count == 0)
    }

    @Test func `items gather while workers are busy and go out in order, a batch at a time`() {
        var queue = self.makeQueue()
        for item in 1...4 { #expect(queue.submit([item]).handOffs.isEmpty) }
        #expect(queue.demand("a").items == [1, 2, 3])
        #expect(queue.demand("a").items == [4])
    }

    @Test func `while one worker is busy another joins when enough waits or on request`() {
        var queue = BatchQueue<Int, String>(queueMax: 100, batchMax: 10, workers: 3, joinMin: 4)
        for worker in ["a", "b", "c"] { _ = queue.demand(worker) }
        #expect(queue.submit([1]).handOffs.map(\.items) == [[1]])
        let second = queue.submit([2])
        #expect(second.handOffs.isEmpty)
        #expect(second.gathers)
        #expect(queue.first == 2)
        let third = queue.submit([3])
        #expect(third.handOffs.isEmpty)
        #expect(!third.gathers)
        #expect(queue.submit([4, 5]).handOffs.map(\.items) == [[2, 3, 4, 5]])
        #expect(queue.join()?.items == nil)
        #expect(queue.submit([6]).gathers)
        #expect(queue.join()?.items == [6])
        // All three are busy: what arrives now goes to the first that is free.
        #expect(!queue.submit([7]).gathers)
        #expect(queue.join()?.items == nil)
        #expect(queue.demand("a").items == [7])
    }

    @Test func `what finds the queue full is not accepted`() {
        var queue = self.makeQueue()
        #expect(queue.submit([1, 2, 3, 4]).accepted == 4)
        #expect(queue.submit([5, 6, 7]).accepted == 1)
        #expect(queue.submit([8]).accepted == 0)
        #expect(queue.count == 5)
    }

    @Test func `after closing nothing is accepted, waiting elements are handed out, then workers end`() {
        var queue = self.makeQueue()
        _ = queue.demand("idle")
        _ = queue.submit([1])
        _ = queue.submit([2])
        _ = queue.demand("other")
        #expect(queue.close().isEmpty)
        #expect(queue.submit([3]).accepted == 0)
        guard case .end = queue.demand("a") else {
            Issue.record("a closed and empty queue keeps its workers")
            return
        }
    }

    @Test func `closing sends idle workers home`() {
        var queue = self.makeQueue()
        _ = queue.demand("a")
        _ = queue.demand("b")
        #expect(queue.close().sorted() == ["a", "b"])
    }
}

extension BatchQueue.Demand {
    fileprivate var items: [Item]? {
        guard case .take(let items) = self else { return nil }
        return items
    }
}
