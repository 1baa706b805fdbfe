import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle

/// Ends the process if a shutdown exceeds its limit. As the last service of a group it is the first to shut down.
final class ShutdownWatchdog: Service {
    private let maxS: Int
    private let logger: Logger
    private let sleep: @Sendable (Int) async throws -> Void
    private let end: @Sendable () -> Void
    private let timer = NIOLockedValueBox<Task<Void, Never>?>(nil)

    init(
        maxS: Int, logger: Logger, sleep: @escaping @Sendable (Int) async throws -> Void = { try await Task.sleep(for: .seconds($0)) },
        end: @escaping @Sendable () -> Void = { ProcessEnd.now(status: 1) }
    ) {
        self.maxS = maxS
        self.logger = logger
        self.sleep = sleep
        self.end = end
    }

    func run() async throws {
        do {
            try await gracefulShutdown()
        } catch is CancellationError {
            // A part failed and the group is cancelled: that must end in time as well.
        }
        let (maxS, logger, sleep, end) = (self.maxS, self.logger, self.sleep, self.end)
        // Unstructured on purpose: it outlives this service, whose end starts the shutdown of the others.
        let task = Task.detached {
            do {
                try await sleep(maxS)
            } catch {
                // Stopped: the shutdown ended in time.
                return
            }
            logger.critical("shutdown took too long, ending the process", metadata: ["max_s": "\(maxS)"])
            end()
        }
        self.timer.withLockedValue { $0 = task }
    }

    /// Stops the timer after the shutdown.
    func stop() {
        self.timer.withLockedValue { $0 }?.cancel()
    }
}
