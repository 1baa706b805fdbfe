import Foundation
import TestSupport
import Testing

/// The clock of the tests that hold services to a limit.
struct TimedTests {
    @Test func `time in which the test process is late is not counted`() async {
        // Twice as many as run at once.
        let busy = (0..<2 * ProcessInfo.processInfo.activeProcessorCount).map { _ in
            Task {
                let end = ContinuousClock.now + .milliseconds(500)
                while ContinuousClock.now < end {}
            }
        }
        let (_, time) = await timed { try? await Task.sleep(for: .milliseconds(1)) }
        for task in busy { await task.value }
        #expect(time < .milliseconds(250))
    }
}
