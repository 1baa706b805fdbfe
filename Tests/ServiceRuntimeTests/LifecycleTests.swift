import Foundation
import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle
import Testing

@testable import Observability
@testable import ServiceRuntime

@Suite struct LifecycleTests {
    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private struct UnforeseenError: Error {}

    struct Part: Service {
        let name: String
        let ended: NIOLockedValueBox<[String]>
        let health: HealthRegistry
        func run() async throws {
            try await gracefulShutdown()
            let isDraining = await self.health.readiness().isDraining
            self.ended.withLockedValue { $0.append("\(self.name) draining=\(isDraining)") }
        }
    }

    @Test func `readiness goes off before the parts end in reverse order`() async throws {
        let health = HealthRegistry()
        let ended = NIOLockedValueBox<[String]>([])
        let services: [any Service] = [
            Part(name: "pool", ended: ended, health: health), Part(name: "http", ended: ended, health: health),
            DrainingService(health: health),
        ]
        let group = ServiceGroup(configuration: .init(services: services, logger: Self.silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(ended.withLockedValue { $0 } == ["http draining=true", "pool draining=true"])
    }

    struct Failing: Service {
        func run() async throws { throw UnforeseenError() }
    }

    @Test func `a failing part ends the run`() async {
        await #expect(throws: UnforeseenError.self) {
            try await ServiceRunner.run(
                [DrainingService(health: HealthRegistry()), Failing()], shutdownMaxS: 5, logger: Self.silent)
        }
    }

    @Test func `graceful shutdown leaves a part of the limit for what follows`() {
        #expect(ServiceRunner.gracefulMax(shutdownMaxS: 20) == .seconds(14))
        #expect(ServiceRunner.gracefulMax(shutdownMaxS: 600) == .seconds(594))
        #expect(ServiceRunner.gracefulMax(shutdownMaxS: 3) == .milliseconds(1500))
    }

    /// Ends only when it is cancelled.
    struct Stubborn: Service {
        func run() async throws { for await _ in AsyncStream<Void>.makeStream().stream {} }
    }

    /// Defect: the process ended 5 s after its limit.
    @Test func `the process has ended at its limit, with status 0 if cancelled parts end`() async {
        await #expect(processExitsWith: .success) {
            let start = ContinuousClock.now
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            Task.detached {
                try await Task.sleep(for: .milliseconds(300))
                kill(getpid(), SIGTERM)
            }
            try await ServiceRunner.run([Stubborn()], shutdownMaxS: 8, logger: logger)
            _exit(ContinuousClock.now - start < .seconds(8) ? 0 : 3)
        }
    }

    @Test func `the watchdog ends a shutdown that takes too long`() async throws {
        let (ends, continuation) = AsyncStream<Int>.makeStream()
        let slept = NIOLockedValueBox(0)
        let watchdog = ShutdownWatchdog(
            maxS: 25, logger: Self.silent, sleep: { seconds in slept.withLockedValue { $0 = seconds } },
            end: { continuation.yield(1) })
        let group = ServiceGroup(configuration: .init(services: [watchdog], logger: Self.silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            await group.triggerGracefulShutdown()
            var iterator = ends.makeAsyncIterator()
            #expect(await iterator.next() == 1)
            try await tasks.waitForAll()
        }
        #expect(slept.withLockedValue { $0 } == 25)
    }

    @Test func `a stopped watchdog does not end the process`() async throws {
        let (wakings, continuation) = AsyncStream<Bool>.makeStream()
        let ended = NIOLockedValueBox(false)
        let watchdog = ShutdownWatchdog(
            maxS: 25, logger: Self.silent,
            sleep: { _ in
                // Ends only by cancellation.
                for await _ in AsyncStream<Void>.makeStream().stream {}
                continuation.yield(Task.isCancelled)
                throw CancellationError()
            }, end: { ended.withLockedValue { $0 = true } })
        let group = ServiceGroup(configuration: .init(services: [watchdog], logger: Self.silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        watchdog.stop()
        var iterator = wakings.makeAsyncIterator()
        #expect(await iterator.next() == true)
        #expect(!ended.withLockedValue { $0 })
    }

    /// Defect: the watchdog ended the process by `exit(3)`, whose cleanup can crash in OpenSSL.
    @Test func `the watchdog ends the process without the cleanup of exit`() async {
        await #expect(processExitsWith: .exitCode(1)) {
            // A handler of atexit(3) runs in the cleanup only, and would change the status.
            atexit { _exit(7) }
            let watchdog = ShutdownWatchdog(maxS: 0, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let group = ServiceGroup(
                configuration: .init(services: [watchdog], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
            async let run: Void = group.run()
            await group.triggerGracefulShutdown()
            try await run
            try await Task.sleep(for: .seconds(60))
        }
    }
}
