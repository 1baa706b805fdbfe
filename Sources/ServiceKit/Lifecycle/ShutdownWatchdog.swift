import Foundation
import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle

/// Ends the process if a shutdown takes longer than its bound. As the last service of a group it is told first.
final class ShutdownWatchdog: Service {
    private let maxS: Int
    private let logger: Logger
    private let sleep: @Sendable (Int) async throws -> Void
    private let end: @Sendable () -> Void
    private let timer = NIOLockedValueBox<Task<Void, Never>?>(nil)

    init(
        maxS: Int, logger: Logger, sleep: @escaping @Sendable (Int) async throws -> Void = { try await Task.sleep(for: .seconds($0)) },
        end: @escaping @Sendable () -> Void = { exit(1) }
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
            // A part failed and the group is being cancelled: that must end in time as well.
        }
        let (maxS, logger, sleep, end) = (self.maxS, self.logger, self.sleep, self.end)
        // Unstructured on purpose: it has to outlive this service, whose end lets the others shut down.
        let task = Task.detached {
            do {
                try await sleep(maxS)
            } catch {
                // Stopped: everything ended in time.
                return
            }
            logger.critical("shutdown took too long, leaving what still runs", metadata: ["max_s": "\(maxS)"])
            end()
        }
        self.timer.withLockedValue { $0 = task }
    }

    /// Everything ended: there is nothing left to watch.
    func stop() {
        self.timer.withLockedValue { $0 }?.cancel()
    }
}
