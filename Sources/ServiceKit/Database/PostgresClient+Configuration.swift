package import Logging
import Metrics
package import Postgres

extension PostgresConfiguration {
    /// The service's database as configured.
    package init(_ banco: BancoConfiguration, service: ServiceName) throws(PostgresError) {
        try self.init(url: banco.url.revealed, applicationName: service.rawValue)
        self.statementTimeout = .milliseconds(banco.instrucaoMaxMs)
        self.lockTimeout = min(self.lockTimeout, self.statementTimeout)
    }
}

extension PostgresClient {
    /// The service's pool as configured, measured as `pool_in_use` and `pool_wait_seconds`.
    package static func make(_ banco: BancoConfiguration, service: ServiceName, logger: Logger) throws(PostgresError) -> PostgresClient {
        var limits = Limits()
        limits.connectionsMax = banco.conexoes
        limits.waitMax = .milliseconds(banco.esperaMaxMs)
        let waits = Timer(label: "pool_wait_seconds")
        let inUse = Meter(label: "pool_in_use")
        return PostgresClient(
            configuration: try PostgresConfiguration(banco, service: service),
            limits: limits,
            logger: logger,
            onLease: { waited in waits.record(duration: waited) },
            onUseChange: { inUse.set($0) }
        )
    }
}
