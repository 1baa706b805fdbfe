package import Logging
package import Observability
package import ServiceLifecycle
import UnixSignals

/// Runs the parts of a service until SIGTERM or SIGINT, and ends within a time limit.
package enum ServiceRunner {
    /// Time between cancellation of the parts and the end of the process, in seconds.
    static let afterCancellationMaxS = 5

    /// Runs `services` as one group: started in this order, shut down in reverse.
    ///
    /// After `shutdownMaxS` seconds of graceful shutdown the parts are cancelled. If some still run after that, the process exits with
    /// status 1.
    ///
    /// - Throws: the error of the first part that failed, after the others have stopped.
    package static func run(_ services: [any Service], shutdownMaxS: Int, logger: Logger) async throws {
        let watchdog = ShutdownWatchdog(maxS: shutdownMaxS + Self.afterCancellationMaxS, logger: logger)
        defer { watchdog.stop() }
        var configuration = ServiceGroupConfiguration(
            services: services + [watchdog], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(shutdownMaxS)
        try await ServiceGroup(configuration: configuration).run()
    }
}

/// Turns readiness off when the shutdown begins. Pass it last: only the watchdog shuts down before it.
package struct DrainingService: Service {
    private let health: HealthRegistry

    package init(health: HealthRegistry) {
        self.health = health
    }

    package func run() async throws {
        do {
            try await gracefulShutdown()
        } catch is CancellationError {
            // Cancellation ends the process as well.
        }
        self.health.drain()
    }
}
