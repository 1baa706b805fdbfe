import NIOConcurrencyHelpers

/// A clock that only ``advance(_:)`` moves.
package final class FakeClock: Sendable {
    private let box = NIOLockedValueBox(ContinuousClock.now)

    package init() {}

    package var now: ContinuousClock.Instant { self.box.withLockedValue { $0 } }

    package func advance(_ duration: Duration) { self.box.withLockedValue { $0 += duration } }
}
