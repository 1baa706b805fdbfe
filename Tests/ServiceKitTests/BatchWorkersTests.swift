import NIOConcurrencyHelpers
import Testing

@testable import ServiceKit

@Suite(.timeLimit(.minutes(1))) struct BatchWorkersTests {
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
        let workers = BatchWorkers<Int>(limits: .init(queueMax: 100, batchMax: 40, workers: count, queueWaitMax: .seconds(30))) { item in
            work.refused.withLockedValue { $0.append(item) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await workers.run { await work.run($0) } }
            defer {
                work.letGo()
                workers.close()
            }
            try await body(workers, work)
        }
        #expect(work.refused.withLockedValue { $0 } == [])
    }

    @Test func `what gathers behind a batch that stands still is taken by another worker`() async throws {
        try await self.withWorkers(2) { workers, work in
            var begun = work.begun.stream.makeAsyncIterator()
            workers.submit([0])
            #expect(await begun.next() == [0])
            workers.submit([1, 2, 3])
            #expect(await begun.next() == [1, 2, 3])
        }
    }

    @Test func `what gathers is still done when the workers are told to end`() async throws {
        let work = Work()
        let workers = BatchWorkers<Int>(limits: .init(queueMax: 100, batchMax: 40, workers: 2, queueWaitMax: .seconds(30))) { item in
            work.refused.withLockedValue { $0.append(item) }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await workers.run { await work.run($0) } }
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
}
