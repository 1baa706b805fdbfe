package import Logging
import Metrics
package import Observability
package import Postgres
package import Settings

/// The service's own PostgreSQL database and the limits of its pools.
package struct DatabaseSettings: Sendable {
    /// The service's name.
    package let service: String
    /// `postgresql://…`, with the password.
    package let url: Secret
    /// Connections in the pool.
    package let connections: Int
    /// Longest wait for a free connection, in milliseconds.
    package let waitMaxMs: Int
    /// `statement_timeout`, in milliseconds.
    package let statementMaxMs: Int

    package static func keys(of service: String) -> [SettingKey] {
        [
            SettingKey("\(service).banco.url", .url(schemes: ["postgresql", "postgres"]), secret: true),
            SettingKey("\(service).banco.conexoes", .integer(1...64), unit: "conexões", default: "8"),
            SettingKey("\(service).banco.espera_max_ms", .integer(SettingKey.milliseconds), unit: "ms", default: "2000"),
            SettingKey("\(service).banco.instrucao_max_ms", .integer(100...25_000), unit: "ms", default: "5000"),
        ]
    }

    package init(_ values: SettingValues) throws(SettingsError) {
        let name = "\(values.service).banco"
        self.service = values.service
        self.url = Secret(try values.required("\(name).url"))
        self.connections = try values.integer("\(name).conexoes")
        self.waitMaxMs = try values.integer("\(name).espera_max_ms")
        self.statementMaxMs = try values.integer("\(name).instrucao_max_ms")
    }
}

extension PostgresConfiguration {
    /// The service's database as configured; of several hosts the one that accepts writes.
    /// - Throws: ``SettingsError`` if the address is malformed.
    package init(_ settings: DatabaseSettings) throws(SettingsError) {
        do throws(PostgresError) {
            try self.init(url: settings.url.revealed, applicationName: settings.service)
        } catch {
            throw .unreadableAddress("\(settings.service).banco.url", accepted: "postgresql://usuário:senha@host:porta/banco")
        }
        self.role = .readWrite
        self.statementTimeout = .milliseconds(settings.statementMaxMs)
        self.lockTimeout = min(self.lockTimeout, self.statementTimeout)
    }
}

extension PostgresClient {
    /// A pool of the service as configured, measured as `pool_…`.
    /// - Parameters:
    ///   - pool: the metrics' label `pool`.
    ///   - connections: nil: the configured number.
    ///   - role: which servers are accepted; a pool that only reads also works while the primary is read-only.
    ///   - idleSessionTimeout: the server ends a session that was idle for this time, so that statements in the buffers of a stopped server
    ///     are not executed later; zero: never.
    ///   - lockTimeout: how long a statement waits for one lock; nil: the default.
    ///   - queryMax: how long a query waits in all where its caller sets no limit; nil: for a connection and then for the answer.
    ///   - plans: when statements are planned; all but lists and sums look up by key.
    ///   - onServerChange: called when the server had become read-only and another was found.
    package static func make(
        _ settings: DatabaseSettings,
        pool: String = "principal",
        connections: Int? = nil,
        role: ServerRole = .readWrite,
        idleSessionTimeout: Duration = .zero,
        lockTimeout: Duration? = nil,
        queryMax: Duration? = nil,
        plans: StatementPlans = .once,
        logger: Logger,
        onServerChange: (@Sendable () -> Void)? = nil
    ) throws(SettingsError) -> PostgresClient {
        var limits = Limits()
        limits.connectionsMax = connections ?? settings.connections
        limits.waitMax = .milliseconds(settings.waitMaxMs)
        limits.queryMax = queryMax
        let waits = Timer(label: "pool_wait_seconds", dimensions: [("pool", pool)])
        let inUse = Meter(label: "pool_in_use", dimensions: [("pool", pool)])
        let timeouts = Counter(label: "pool_timeouts_total", dimensions: [("pool", pool)])
        Meter(label: "pool_size", dimensions: [("pool", pool)]).set(limits.connectionsMax)
        var configuration = try PostgresConfiguration(settings)
        configuration.role = role
        configuration.plans = plans
        configuration.idleSessionTimeout = idleSessionTimeout
        if let lockTimeout { configuration.lockTimeout = min(lockTimeout, configuration.statementTimeout) }
        return PostgresClient(
            configuration: configuration,
            limits: limits,
            logger: logger,
            onLease: { waited in waits.record(duration: waited) },
            onUseChange: { inUse.set($0) },
            onExhausted: { timeouts.increment() },
            onServerChange: onServerChange
        )
    }

    /// Help and types of the pools' metrics.
    package static let metrics = [
        MetricDescription.gauge("pool_in_use", "Database connections in use."),
        MetricDescription.gauge("pool_size", "Database connections that may be in use."),
        MetricDescription.histogram("pool_wait_seconds", "Waits for a database connection that succeeded."),
        MetricDescription.counter("pool_timeouts_total", "Uses of a pool without a connection: none in time, or too many waiting."),
    ]
}
