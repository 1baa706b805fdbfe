package import Logging

/// Stops consumption while the database cannot be used and resumes it afterwards. Messages go back to the queue once per outage, even if
/// several batches notice it.
///
/// An outage ends when the readiness check passes, not when a statement works: a missing schema or another version is an outage too.
/// If the check passes too early, the pauses grow from one outage to the next until a batch succeeds.
package actor DatabaseOutage {
    private static let pauseMin: Duration = .milliseconds(250)
    private static let pauseMax: Duration = .seconds(8)

    private let source: any DeliverySource
    private let isDatabaseReady: @Sendable () async -> Bool
    private let logger: Logger
    private var pause = pauseMin
    private var current: Task<Void, Never>?
    private var lastBegan: ContinuousClock.Instant?

    /// - Parameter isDatabaseReady: whether the database answers and has the schema that this program needs.
    package init(source: any DeliverySource, isDatabaseReady: @escaping @Sendable () async -> Bool, logger: Logger) {
        self.source = source
        self.isDatabaseReady = isDatabaseReady
        self.logger = logger
    }

    /// Returns when the database can be used. Called at the start, before anything is consumed.
    package func waitUntilReady() async {
        while await !self.isDatabaseReady() {
            guard (try? await Task.sleep(for: Self.pauseMin)) != nil else { return }
        }
    }

    /// Returns when consumption has resumed.
    /// - Parameter receivedAt: the time at which the failed batch was received. If an outage has begun since, the messages are back in the
    ///   queue already and consumption is not stopped again.
    package func waitUntilOver(receivedAt: ContinuousClock.Instant) async {
        if self.current == nil {
            if let lastBegan, lastBegan > receivedAt { return }
            self.lastBegan = .now
            // Unstructured, because all batches that notice the outage wait for it and none owns it.
            self.current = Task { await self.sitOut() }
        }
        let outage = self.current
        await withTaskCancellationHandler {
            await outage?.value
        } onCancel: {
            outage?.cancel()
        }
    }

    /// Resets the pause after a successful batch.
    package func ended() {
        self.pause = Self.pauseMin
    }

    private func sitOut() async {
        self.logger.warning("the database cannot be used, consumption stops")
        await self.source.suspendConsuming()
        repeat {
            guard (try? await Task.sleep(for: self.pause)) != nil else { break }
            self.pause = min(self.pause * 2, Self.pauseMax)
        } while await !self.isDatabaseReady()
        await self.source.resumeConsuming()
        self.logger.info("consumption resumes")
        self.current = nil
    }
}
