import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle
import Testing

@testable import ServiceKit

@Suite struct LifecycleTests {
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

    @Test func readinessGoesOffBeforeThePartsEndInReverse() async throws {
        let health = HealthRegistry()
        let ended = NIOLockedValueBox<[String]>([])
        let services: [any Service] = [
            Part(name: "pool", ended: ended, health: health), Part(name: "http", ended: ended, health: health),
            DrainingService(health: health),
        ]
        let group = ServiceGroup(configuration: .init(services: services, logger: EdgeFixture.silent))
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

    @Test func failingPartEndsTheRun() async {
        await #expect(throws: UnforeseenError.self) {
            try await ServiceRunner.run(
                [DrainingService(health: HealthRegistry()), Failing()], encerramentoMaxS: 5, logger: EdgeFixture.silent)
        }
    }

    @Test func watchdogEndsAShutdownThatTakesTooLong() async throws {
        let (ends, continuation) = AsyncStream<Int>.makeStream()
        let slept = NIOLockedValueBox(0)
        let watchdog = ShutdownWatchdog(
            maxS: 25, logger: EdgeFixture.silent, sleep: { seconds in slept.withLockedValue { $0 = seconds } },
            end: { continuation.yield(1) })
        let group = ServiceGroup(configuration: .init(services: [watchdog], logger: EdgeFixture.silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            await group.triggerGracefulShutdown()
            var iterator = ends.makeAsyncIterator()
            #expect(await iterator.next() == 1)
            try await tasks.waitForAll()
        }
        #expect(slept.withLockedValue { $0 } == 25)
    }

    @Test func stoppedWatchdogLeavesTheProcessAlone() async throws {
        let (wakings, continuation) = AsyncStream<Bool>.makeStream()
        let ended = NIOLockedValueBox(false)
        let watchdog = ShutdownWatchdog(
            maxS: 25, logger: EdgeFixture.silent,
            sleep: { _ in
                // Ends only by cancellation.
                for await _ in AsyncStream<Void>.makeStream().stream {}
                continuation.yield(Task.isCancelled)
                throw CancellationError()
            }, end: { ended.withLockedValue { $0 = true } })
        let group = ServiceGroup(configuration: .init(services: [watchdog], logger: EdgeFixture.silent))
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
}
