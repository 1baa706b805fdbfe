import Foundation
import SocketExecutor
import Testing

@Suite(.timeLimit(.minutes(1))) struct SocketExecutorTests {
    /// An actor with a pipe, as an actor with a C connection would use the executor.
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

        func hold(_ duration: useconds_t) { usleep(duration) }
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

    @Test func `cancellation ends a wait, also one that comes before it`() async throws {
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

    /// What connections rely on: between a look at the actor's state and the wait no other job of the actor runs.
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

    @Test func `an actor that blocks its thread holds up nobody else`() async throws {
        let (blocked, free) = (try Owner(), try Owner())
        async let held: Void = blocked.hold(200_000)
        for _ in 0..<100 { _ = await free.thread() }
        await held
    }

    @Test func `many short lives leave no thread and no descriptor behind`() async throws {
        func count(_ folder: String) throws -> Int { try FileManager.default.contentsOfDirectory(atPath: folder).count }
        for _ in 0..<50 { _ = await (try Owner()).thread() }
        let before = try count("/proc/self/fd")
        for _ in 0..<300 { _ = await (try Owner()).thread() }
        // The last executors may still be on their way out; 300 leaked ones would show.
        let deadline = ContinuousClock.now + .seconds(20)
        while try count("/proc/self/fd") > before + 100, .now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try count("/proc/self/fd") <= before + 100)
    }
}
