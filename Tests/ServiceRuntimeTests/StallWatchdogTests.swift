import Logging
import NIOConcurrencyHelpers
import Testing

@testable import ServiceRuntime

@Suite(.timeLimit(.minutes(5))) struct StallWatchdogTests {
    private static let start = ContinuousClock.now

    /// Looks every 5 s of a clock that runs as fast as it is asked, until `end` seconds have passed.
    /// - Parameter meanwhile: is called before each look with the seconds since the start.
    /// - Returns: the seconds at which the watchdog ended the process; nil if it did not.
    private static func watch(
        _ work: WorkMeter, until end: Int, isFree: @escaping @Sendable () -> Bool, meanwhile: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> Int? {
        let seconds = NIOLockedValueBox(0)
        let watchdog = StallWatchdog(
            [.init("relay", work: work) { isFree() }], logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() },
            sleep: { pause in
                let now = seconds.withLockedValue { seconds in
                    seconds += Int(pause.components.seconds)
                    return seconds
                }
                guard now <= end else { throw CancellationError() }
                meanwhile(now)
                return Self.start + .seconds(now)
            })
        do {
            try await watchdog.run()
            return nil
        } catch is StallWatchdog.Stalled {
            return seconds.withLockedValue { $0 }
        }
    }

    @Test func `work that is never finished ends the process after five minutes`() async throws {
        let work = WorkMeter()
        work.began()
        #expect(try await Self.watch(work, until: 1000, isFree: { true }) == 305)
    }

    @Test func `a part without work, or with progress, is left alone`() async throws {
        #expect(try await Self.watch(WorkMeter(), until: 1000, isFree: { true }) == nil)
        let busy = WorkMeter()
        busy.began()
        let ended = try await Self.watch(busy, until: 1000, isFree: { true }) { seconds in
            guard seconds % 55 == 0 else { return }
            busy.began()
            busy.finished()
        }
        #expect(ended == nil)
    }

    @Test func `work that waits for a database or a broker is not stalled, and its time begins afterwards`() async throws {
        let work = WorkMeter()
        work.began()
        let isFree = NIOLockedValueBox(false)
        let ended = try await Self.watch(work, until: 2000, isFree: { isFree.withLockedValue { $0 } }) { seconds in
            if seconds == 1000 { isFree.withLockedValue { $0 = true } }
        }
        #expect(try #require(ended) >= 1240)
    }

    @Test func `the state counts from the first look without progress`() {
        var state = StallState()
        #expect(state.look(open: 1, finished: 0, now: Self.start) == nil)
        #expect(state.look(open: 1, finished: 0, now: Self.start + .seconds(7)) == .seconds(7))
        #expect(state.look(open: 1, finished: 1, now: Self.start + .seconds(9)) == nil)
        #expect(state.look(open: 1, finished: 1, now: Self.start + .seconds(10)) == .seconds(1))
        #expect(state.look(open: 0, finished: 1, now: Self.start + .seconds(11)) == nil)
        #expect(state.look(open: 1, finished: 1, now: Self.start + .seconds(12)) == nil)
    }
}
