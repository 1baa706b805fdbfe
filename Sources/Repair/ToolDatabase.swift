package import Logging
package import Postgres
package import ServiceRuntime
package import Settings

extension PostgresConfiguration {
    /// How long a statement of a tool may run: tools read whole tables.
    private static let toolStatementMax: Duration = .seconds(6 * 3600)
    /// How long a tool may work between two statements of a transaction.
    private static let toolIdleInTransactionMax: Duration = .seconds(600)

    /// The service's database, for a tool.
    package static func tool(_ settings: DatabaseSettings) throws(SettingsError) -> PostgresConfiguration {
        var configuration = try PostgresConfiguration(settings)
        configuration.statementTimeout = self.toolStatementMax
        configuration.idleInTransactionTimeout = self.toolIdleInTransactionMax
        configuration.plans = .eachRun
        return configuration
    }
}

extension PostgresClient {
    private static let toolConnectionsMax = 2

    /// A small pool on the service's database, for a tool. A statement may run for hours, and waits for locks are as short as the service's.
    package static func tool(_ configuration: PostgresConfiguration, logger: Logger) -> PostgresClient {
        var limits = Limits()
        limits.connectionsMax = self.toolConnectionsMax
        return PostgresClient(configuration: configuration, limits: limits, logger: logger)
    }
}
