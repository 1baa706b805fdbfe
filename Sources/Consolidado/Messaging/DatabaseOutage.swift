import Logging

/// Stops consumption while the database is away and starts it again when it answers: messages go back to the queue once per outage, however
/// many batches notice it.
actor DatabaseOutage {
    private static let firstPause: Duration = .milliseconds(250)
    private static let pauseMax: Duration = .seconds(2)

    private let source: any DeliverySource
    private let service: ConsolidacaoService
    private let logger: Logger
    private var current: Task<Void, Never>?

    init(source: any DeliverySource, service: ConsolidacaoService, logger: Logger) {
        self.source = source
        self.service = service
        self.logger = logger
    }

    /// Returns when the database answers again and messages flow.
    func waitUntilOver() async {
        if self.current == nil {
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

    private func sitOut() async {
        self.logger.warning("database away, consumption stops")
        await self.source.suspendConsuming()
        var pause = Self.firstPause
        while (try? await self.service.ping()) == nil {
            guard (try? await Task.sleep(for: pause)) != nil else { break }
            pause = min(pause * 2, Self.pauseMax)
        }
        await self.source.resumeConsuming()
        self.logger.info("consumption goes on")
        self.current = nil
    }
}
