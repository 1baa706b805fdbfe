import NIOConcurrencyHelpers
import Testing

@testable import Batching

@Suite(.timeLimit(.minutes(5))) struct BatchWorkersTests {
    private struct Work: Sendable {
        let done = NIOLockedValueBox<[[Int]]>([])
        let refused = NIOLockedValueBox<[Int]>([])
        let begun = AsyncStream.makeStream(of: [Int].self)
        let gate = AsyncStream.makeStream(of: Void.self)

        /// Works on batches; one that holds a 0 stands still until ``letGo()``.
        func run(_ items: [Int]) async {
            self.begun.continuation.yield(items)
            if items.contains(0) { for await _ in self.gate.stream {} }
            self.done.withLockedValue { $0.append(items) }
        }

        func letGo() { self.gate.continuation.finish() }
    }

    private func withWorkers(_ count: Int, _ body: @Sendable @escaping (BatchWorkers<Int>, Work) async throws -> Void) async throws {
        let work = Work()
        let workers = BatchWorkers<Int>(
            limits: .init(queueMax: 100, batchMax: 40, workers: count, queueWaitMax: .seconds(30), answerMax: .seconds(60))
        ) { item in
            work.refused.withLockedValue { $0.append(item) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await workers.run { await work.run($0.items) } }
            defer {
                work.letGo()
                workers.close()
            }
            try await body(workers, work)
        }
        #expect(work.refused.withLockedValue { $0 } == [])
    }

    @Test func `what gathers behind a stalled batch goes to another worker`() async throws {
        try await self.withWorkers(2) { workers, work in
            var begun = work.begun.stream.makeAsyncIterator()
            workers.submit([0])
            #expect(await begun.next() == [0])
            workers.submit([1, 2, 3])
            #expect(await begun.next() == [1, 2, 3])
        }
    }

    @Test func `gathered items are still processed when the workers end`() async throws {
        let work = Work()
        let workers = BatchWorkers<Int>(
            limits: .init(queueMax: 100, batchMax: 40, workers: 2, queueWaitMax: .seconds(30), answerMax: .seconds(60))
        ) { item in
            work.refused.withLockedValue { $0.append(item) }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await workers.run { await work.run($0.items) } }
            var begun = work.begun.stream.makeAsyncIterator()
            workers.submit([0])
            #expect(await begun.next() == [0])
            workers.submit([1])
            workers.close()
            work.letGo()
        }
        #expect(work.done.withLockedValue { $0.flatMap(\.self) }.sorted() == [0, 1])
        #expect(work.refused.withLockedValue { $0 } == [])
    }

    @Test func `a batch ends when the first of its callers stops waiting`() async throws {
        let work = Work()
        let deadlines = NIOLockedValueBox<[ContinuousClock.Instant]>([])
        let limits = BatchWorkers<Int>.Limits(
            queueMax: 100, batchMax: 40, workers: 1, queueWaitMax: .seconds(30), answerMax: .seconds(60))
        let workers = BatchWorkers<Int>(limits: limits) { item in work.refused.withLockedValue { $0.append(item) } }
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await workers.run { batch in
                    deadlines.withLockedValue { $0.append(batch.deadline) }
                    await work.run(batch.items)
                }
            }
            var begun = work.begun.stream.makeAsyncIterator()
            workers.submit([0])
            #expect(await begun.next() == [0])
            workers.submit([1])
            workers.submit([2], until: start + .seconds(40))
            // Its caller has stopped waiting already.
            workers.submit([3], until: start)
            work.letGo()
            #expect(await begun.next() == [1, 2])
            workers.close()
        }
        let seen = deadlines.withLockedValue { $0 }
        #expect(seen[0] >= start + .seconds(60))
        #expect(seen[1] == start + .seconds(40))
        #expect(work.refused.withLockedValue { $0 } == [3])
    }

    /// Defect: the limit was checked only when a worker was free.
    @Test func `items are refused in time while every worker is stuck`() async throws {
        let work = Work()
        let refusals = AsyncStream.makeStream(of: Int.self)
        let again = NIOLockedValueBox<BatchWorkers<Int>?>(nil)
        let workers = BatchWorkers<Int>(
            limits: .init(queueMax: 100, batchMax: 40, workers: 1, queueWaitMax: .milliseconds(20), answerMax: .seconds(60))
        ) { item in
            // The worker may start later than the limit allows.
            if item == 0 { again.withLockedValue { $0 }?.submit([0]) } else { refusals.continuation.yield(item) }
        }
        again.withLockedValue { $0 = workers }
        defer { again.withLockedValue { $0 = nil } }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await workers.run { await work.run($0.items) } }
            var begun = work.begun.stream.makeAsyncIterator()
            workers.submit([0])
            #expect(await begun.next() == [0])
            // The only worker is stuck with the first batch until the end of the test.
            var refused = refusals.stream.makeAsyncIterator()
            workers.submit([1, 2])
            #expect(await refused.next() == 1)
            #expect(await refused.next() == 2)
            // The timer starts again for later items.
            workers.submit([3])
            #expect(await refused.next() == 3)
            #expect(workers.count == 0)
            work.letGo()
            workers.close()
        }
        #expect(work.done.withLockedValue { $0 } == [[0]])
    }
}
