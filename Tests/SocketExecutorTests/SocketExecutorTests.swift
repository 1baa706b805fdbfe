import Foundation
import SocketExecutor
import Testing

@Suite(.timeLimit(.minutes(5))) struct SocketExecutorTests {
    /// An actor with a pipe, in the place of a C connection.
    private actor Owner {
        nonisolated let executor: SocketExecutor
        private let reader: CInt
        private let writer: CInt

        nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

        init() throws {
            self.executor = try SocketExecutor(name: "test")
            var ends: [CInt] = [-1, -1]
            precondition(pipe(&ends) == 0)
            (self.reader, self.writer) = (ends[0], ends[1])
        }

        isolated deinit {
            close(self.reader)
            close(self.writer)
            self.executor.stop()
        }

        func waitReadable(until deadline: ContinuousClock.Instant? = nil) async -> SocketExecutor.Wakeup {
            await self.executor.wait(for: .read, on: self.reader, until: deadline)
        }

        func waitWritable() async -> SocketExecutor.Wakeup {
            await self.executor.wait(for: .write, on: self.writer, until: nil)
        }

        func send() {
            var byte: UInt8 = 1
            #expect(write(self.writer, &byte, 1) == 1)
        }

        func interrupt() { self.executor.interrupt() }

        func thread() -> UInt { UInt(bitPattern: pthread_self().hashValue) }

        func sleepWhileAnotherJobInterrupts() async -> SocketExecutor.Wakeup {
            Task { self.executor.interrupt() }
            return await self.executor.wait(for: [], on: -1, until: .now + .seconds(5))
        }

        /// Blocks the thread until the gate opens.
        /// - Returns: whether it opened within 10 s.
        func hold(_ gate: DispatchSemaphore, started: AsyncStream<Void>.Continuation) -> Bool {
            started.finish()
            return gate.wait(timeout: .now() + 10) == .success
        }
    }

    @Test func `all jobs run on one thread`() async throws {
        let owner = try Owner()
        let threads = await withTaskGroup(of: UInt.self) { group in
            for _ in 0..<200 { group.addTask { await owner.thread() } }
            return await group.reduce(into: Set<UInt>()) { $0.insert($1) }
        }
        #expect(threads.count == 1)
    }

    @Test func `a wait ends when the descriptor is readable, and the actor stays free meanwhile`() async throws {
        let owner = try Owner()
        async let wakeup = owner.waitReadable()
        await owner.send()
        #expect(await wakeup == .ready)
    }

    @Test func `a descriptor that is ready already does not wait`() async throws {
        let owner = try Owner()
        #expect(await owner.waitWritable() == .ready)
    }

    @Test func `a deadline ends a wait`() async throws {
        let owner = try Owner()
        #expect(await owner.waitReadable(until: .now + .milliseconds(20)) == .timedOut)
        #expect(await owner.waitReadable(until: .now - .seconds(1)) == .timedOut)
    }

    @Test func `cancellation ends a wait, also a cancellation before it`() async throws {
        let owner = try Owner()
        let waiting = Task { await owner.waitReadable() }
        waiting.cancel()
        #expect(await waiting.value == .cancelled)
        let (start, mayStart) = AsyncStream.makeStream(of: Void.self)
        let cancelled = Task {
            for await _ in start { break }
            return await owner.waitReadable()
        }
        cancelled.cancel()
        mayStart.finish()
        #expect(await cancelled.value == .cancelled)
    }

    @Test func `interruption ends every wait`() async throws {
        let owner = try Owner()
        let waits = (0..<5).map { _ in Task { await owner.waitReadable() } }
        let interrupter = Task {
            while !Task.isCancelled {
                await owner.interrupt()
                await Task.yield()
            }
        }
        for wait in waits { #expect(await wait.value == .interrupted) }
        interrupter.cancel()
    }

    /// Connections rely on this: no other job of the actor runs between a look at its state and the wait.
    @Test func `no interruption by a job that was queued before the wait is lost`() async throws {
        let owner = try Owner()
        for round in 0..<500 {
            let wakeup = await owner.sleepWhileAnotherJobInterrupts()
            guard wakeup == .interrupted else {
                Issue.record("round \(round): \(wakeup)")
                return
            }
        }
    }

    @Test func `an actor that blocks its thread delays no other`() async throws {
        let (blocked, free) = (try Owner(), try Owner())
        let gate = DispatchSemaphore(value: 0)
        let (started, mayStart) = AsyncStream.makeStream(of: Void.self)
        async let opened = blocked.hold(gate, started: mayStart)
        for await _ in started {}
        for _ in 0..<100 { _ = await free.thread() }
        gate.signal()
        #expect(await opened)
    }

    @Test func `many short lives leave no thread and no descriptor behind`() async {
        // In a process of its own: other tests open descriptors meanwhile.
        await #expect(processExitsWith: .success) {
            func count() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
            for _ in 0..<50 { _ = await (try Owner()).thread() }
            let before = try count()
            for _ in 0..<300 { _ = await (try Owner()).thread() }
            // The last executors may not have ended yet; 300 leaked ones would show.
            let deadline = ContinuousClock.now + .seconds(20)
            while try count() > before + 100, .now < deadline { try await Task.sleep(for: .milliseconds(20)) }
            try #require(try count() <= before + 100)
        }
    }
}
