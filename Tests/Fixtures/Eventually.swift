/// Waits until a condition holds, up to a limit. Returns whether it holds.
///
/// The usual limit ends a test that has failed. It is far above what a busy machine needs.
package func eventually(within limit: Duration = .seconds(120), _ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end, !Task.isCancelled {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return try await condition()
}
