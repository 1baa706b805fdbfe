package import Logging
import Metrics
package import Postgres

extension PostgresConfiguration {
    /// The service's database as configured.
    /// - Throws: ``ConfigurationError`` if the address cannot be read.
    package init(_ banco: BancoConfiguration, service: ServiceName) throws(ConfigurationError) {
        do throws(PostgresError) {
            try self.init(url: banco.url.revealed, applicationName: service.rawValue)
        } catch {
            throw .unreadableAddress("\(service.rawValue).banco.url", accepted: "postgresql://usuário:senha@host:porta/banco")
        }
        self.statementTimeout = .milliseconds(banco.instrucaoMaxMs)
        self.lockTimeout = min(self.lockTimeout, self.statementTimeout)
    }
}

extension PostgresClient {
    /// A pool of the service as configured, measured as `pool_…`.
    /// - Parameters:
    ///   - pool: the metrics' label `pool`.
    ///   - connections: how many; nil is the configured number.
    ///   - idleSessionTimeout: the server ends a session that was idle for so long, so that nothing is carried out later that waited meanwhile in
    ///     the buffers of a server that stood still; zero never does.
    ///   - plans: when statements are planned; all but lists and sums look up by key.
    package static func make(
        _ banco: BancoConfiguration,
        service: ServiceName,
        pool: String = "principal",
        connections: Int? = nil,
        idleSessionTimeout: Duration = .zero,
        plans: StatementPlans = .once,
        logger: Logger
    ) throws(ConfigurationError) -> PostgresClient {
        var limits = Limits()
        limits.connectionsMax = connections ?? banco.conexoes
        limits.waitMax = .milliseconds(banco.esperaMaxMs)
        let waits = Timer(label: "pool_wait_seconds", dimensions: [("pool", pool)])
        let inUse = Meter(label: "pool_in_use", dimensions: [("pool", pool)])
        let timeouts = Counter(label: "pool_timeouts_total", dimensions: [("pool", pool)])
        Meter(label: "pool_size", dimensions: [("pool", pool)]).set(limits.connectionsMax)
        var configuration = try PostgresConfiguration(banco, service: service)
        configuration.plans = plans
        configuration.idleSessionTimeout = idleSessionTimeout
        return PostgresClient(
            configuration: configuration,
            limits: limits,
            logger: logger,
            onLease: { waited in waits.record(duration: waited) },
            onUseChange: { inUse.set($0) },
            onExhausted: { timeouts.increment() }
        )
    }
}
