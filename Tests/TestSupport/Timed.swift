import NIOConcurrencyHelpers

/// Runs the body and returns how long it took, without the time in which this process was late to run its tasks.
///
/// A limit on an answer is about the service. Tests beside this one compute, and may delay by seconds what this process does about the answer.
/// A busy run may miss a slow answer. It never reports one that was in time.
package func timed<Value>(_ body: () async throws -> Value) async rethrows -> (value: Value, time: Duration) {
    let lateness = Lateness.ofThisProcess
    let (start, before) = (ContinuousClock.now, lateness.total())
    let value = try await body()
    let end = ContinuousClock.now
    return (value, end - start - (lateness.total() - before))
}

/// How late a task runs that is due every ``tick``, since the first use.
private final class Lateness: Sendable {
    static let ofThisProcess = Lateness()

    private static let tick: Duration = .milliseconds(20)
    /// What a timer is late by in a process that has nothing else to do.
    private static let usualMax: Duration = .milliseconds(5)

    private struct State: Sendable {
        var total: Duration = .zero
        var due: ContinuousClock.Instant

        func pending(_ now: ContinuousClock.Instant) -> Duration {
            let late = now - self.due
            return late > usualMax ? late : .zero
        }
    }

    private let state = NIOLockedValueBox(State(due: .now + tick))

    private init() {
        // Unstructured: it runs as long as the process.
        Task {
            while true {
                try await Task.sleep(until: self.state.withLockedValue { $0.due }, clock: .continuous)
                self.state.withLockedValue { state in
                    let now = ContinuousClock.now
                    state.total += state.pending(now)
                    state.due = now + Self.tick
                }
            }
        }
    }

    func total() -> Duration {
        self.state.withLockedValue { $0.total + $0.pending(.now) }
    }
}
