package import Logging
package import Observability
package import ServiceLifecycle
import UnixSignals

/// Runs the parts of a service until SIGTERM or SIGINT, and ends within a time limit.
package enum ServiceRunner {
    /// The part of the limit that remains once the parts are cancelled. An attempt to connect to a broker blocks its thread for less.
    private static let afterCancellationMax: Duration = .seconds(6)

    /// How long parts may end gracefully: what the limit leaves, and at least half of it.
    static func gracefulMax(shutdownMaxS: Int) -> Duration {
        max(.seconds(shutdownMaxS) - Self.afterCancellationMax, .seconds(shutdownMaxS) / 2)
    }

    /// Runs `services` as one group: started in this order, shut down in reverse.
    ///
    /// The process ends within `shutdownMaxS` seconds of the signal. Parts that need longer than ``gracefulMax(shutdownMaxS:)`` are cancelled.
    /// If some still run at the limit, the process exits with status 1.
    ///
    /// - Throws: the error of the first part that failed, after the others have stopped.
    package static func run(_ services: [any Service], shutdownMaxS: Int, logger: Logger) async throws {
        let watchdog = ShutdownWatchdog(maxS: shutdownMaxS, logger: logger)
        defer { watchdog.stop() }
        var configuration = ServiceGroupConfiguration(
            services: (services + [watchdog]).map { service in
                // A part that stands still leaves the others time to finish; any other failure does not.
                .init(
                    service: service,
                    failureTerminationBehavior: service is StallWatchdog ? .gracefullyShutdownGroup : .cancelGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = Self.gracefulMax(shutdownMaxS: shutdownMaxS)
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
