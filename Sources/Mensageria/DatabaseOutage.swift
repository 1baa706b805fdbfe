package import Logging

/// Stops consumption while the database cannot be used and starts it again when it can: messages go back to the queue once per outage, however
/// many batches notice it.
///
/// An outage ends when the readiness says so, not when some statement works: a schema of another version, or missing, is an outage too.
/// Where the readiness is wrong about it, the pauses grow from one outage to the next until a batch goes through again.
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

    /// Returns when the database can be used; for the start, before anything is consumed.
    package func waitUntilReady() async {
        while await !self.isDatabaseReady() {
            guard (try? await Task.sleep(for: Self.pauseMin)) != nil else { return }
        }
    }

    /// Returns when consumption goes on.
    /// - Parameter receivedAt: when the batch that met the outage was handed out. If an outage began after that, its messages are back in
    ///   the queue already, and there is nothing to stop.
    package func waitUntilOver(receivedAt: ContinuousClock.Instant) async {
        if self.current == nil {
            if let lastBegan, lastBegan > receivedAt { return }
            self.lastBegan = .now
            // All batches that notice the outage wait for this one task; it belongs to none of them.
            self.current = Task { await self.sitOut() }
        }
        let outage = self.current
        await withTaskCancellationHandler {
            await outage?.value
        } onCancel: {
            outage?.cancel()
        }
    }

    /// A batch went through: the database can be used indeed.
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
        self.logger.info("consumption goes on")
        self.current = nil
    }
}
