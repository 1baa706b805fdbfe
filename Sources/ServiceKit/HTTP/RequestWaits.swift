import NIOConcurrencyHelpers

/// How long one request waited because its caller had asked it to: no part of the time that the service took.
struct RequestWaits: Sendable {
    private let waited = NIOLockedValueBox(Duration.zero)

    var total: Duration { self.waited.withLockedValue { $0 } }

    /// Counts the time that `wait` takes, however it ends.
    func counting<Value, Failure>(_ wait: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        let start = ContinuousClock.now
        defer { self.waited.withLockedValue { $0 += start.duration(to: .now) } }
        return try await wait()
    }
}
