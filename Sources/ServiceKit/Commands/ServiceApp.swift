package import Logging

/// A service as its executable sees it.
package protocol ServiceApp: Sendable {
    /// Decides which configuration is the service's own.
    static var name: ServiceName { get }
    /// Runs the service until SIGTERM or SIGINT.
    static func serve(_ configuration: Configuration, metrics: PrometheusRegistry, logger: Logger) async throws
    /// Brings the schema of the service's database up to date.
    static func migrate(_ configuration: MigrateConfiguration, logger: Logger) async throws
}
