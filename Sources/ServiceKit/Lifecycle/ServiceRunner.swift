package import Logging
package import ServiceLifecycle
import UnixSignals

/// Runs a service's parts until SIGTERM or SIGINT, and ends within a bound whatever they do.
package enum ServiceRunner {
    /// Time that the parts have, once cancelled, before the process ends without them, in seconds.
    static let afterCancellationMaxS = 5

    /// Runs `services` as one group: started in this order, shut down in reverse.
    ///
    /// After `encerramentoMaxS` seconds of graceful shutdown what still runs is cancelled; what does not end then either is left behind:
    /// the process exits with status 1 instead of hanging.
    ///
    /// - Throws: the error of the part that failed, after the others were stopped.
    package static func run(_ services: [any Service], encerramentoMaxS: Int, logger: Logger) async throws {
        let watchdog = ShutdownWatchdog(maxS: encerramentoMaxS + Self.afterCancellationMaxS, logger: logger)
        defer { watchdog.stop() }
        var configuration = ServiceGroupConfiguration(
            services: services + [watchdog], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(encerramentoMaxS)
        try await ServiceGroup(configuration: configuration).run()
    }
}
