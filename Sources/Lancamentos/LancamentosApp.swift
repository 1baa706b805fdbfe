import AMQP
import Access
import CoreMetrics
import Documents
import Edge
import FluxoDeCaixa
import Hummingbird
package import Logging
package import Observability
import Postgres
import ServiceLifecycle
package import ServiceRuntime
package import Settings
import Tracing

/// The entry service: wires its parts and runs them.
package enum LancamentosApp: ServiceApp {
    package static let name = "lancamentos"

    package static func migrate(_ settings: DatabaseSettings, logger: Logger) async throws {
        try await SchemaCheck.migrate(LancamentosMigrations.migrations, settings, logger: logger)
    }

    /// Callers may rely on a 404 30 s after `resultado-desconhecido`, so no write may begin later. A stalled server may hold an unread
    /// statement; the idle timeout ends that session first. A write that has begun and waits for its commit is found by the look-up.
    private static let writeSessionIdleMax: Duration = .seconds(20)
    /// A write waits only for another with the same key or of the same estorno, which normally lasts milliseconds.
    private static let writeLockTimeout: Duration = .milliseconds(400)

    /// Totals read many rows: two at a time leave connections for other reads.
    private static let totaisMax = 2

    package static func catalog() throws(SettingsError) -> SettingsCatalog { try LancamentosSettings.catalog() }

    package static func settings(_ values: SettingValues) throws(SettingsError) -> LancamentosSettings { try LancamentosSettings(values) }

    /// Shutdown runs in the reverse order of the services below: HTTP drains first, then the command intake, then the relay publishes their
    /// entries, and the pools close last.
    package static func serve(_ settings: LancamentosSettings, metrics: PrometheusRegistry, logger: Logger) async throws {
        let common = settings.common
        let reads = try PostgresClient.make(
            common.database, pool: "leitura", connections: settings.readConnections, role: .primary,
            plans: .eachRun, logger: logger
        )
        let pool = try PostgresClient.make(
            common.database, idleSessionTimeout: Self.writeSessionIdleMax, lockTimeout: Self.writeLockTimeout, logger: logger,
            // Reads would go on with the old server, which receives no entries.
            onServerChange: { reads.renewConnections() }
        )
        let broker = try AMQPConfiguration(common.broker, purpose: "relay")

        var publisherSettings = PublisherSettings()
        publisherSettings.windowMessagesMax = settings.relayWindowMessagesMax
        publisherSettings.drainTimeout = .seconds(5)
        publisherSettings.smallBurstPause = .milliseconds(5)
        let amqpPublisher = ConfirmedPublisher(
            configuration: broker,
            topology: LancamentosTopology.eventos,
            settings: publisherSettings,
            logger: logger,
            observer: PublisherMonitor()
        )
        let publisher = AMQPEventPublisher(
            publisher: amqpPublisher, isReady: { amqpPublisher.isReady }, user: broker.user, urlPublica: common.urlPublica,
            logger: logger
        )
        let outbox = PostgresOutboxRepository(client: pool)
        let relaying = WorkMeter()
        let relay = Relay(
            publisher: publisher, outbox: outbox, limits: .init(ringRowsMax: settings.relayRingEntriesMax), work: relaying, logger: logger
        )
        let sweeper = Sweeper(
            leases: PostgresOutboxLease.source(try PostgresConfiguration(common.database), logger: logger),
            outbox: outbox, relay: relay, publisher: publisher, logger: logger
        )
        let counter = RegisteredCounter(
            leases: PostgresRegisteredEntries.source(try PostgresConfiguration(common.database)),
            publisher: AMQPCountPublisher(events: publisher, publisher: amqpPublisher), agora: SystemClock.agora, logger: logger
        )
        let repository = PostgresLancamentoRepository(client: pool, reads: reads, logger: logger)
        let batcher = WriteBatcher(
            repository: repository, limits: .init(settings), logger: logger, handOff: { relay.offer($0) }
        )
        let service = LancamentoService(repository: repository, batcher: batcher, clock: .init(common.calendario))
        let health = HealthRegistry()
        let schema = SchemaCheck(LancamentosMigrations.migrations, pool) { () throws(PostgresError) in
            try await repository.refusalOfWrites()
        }
        let pools = WarmPools([pool, reads])
        health.register("banco") {
            async let cold = pools.run()
            if let fault = await schema.run() { return fault }
            return await cold
        }

        let controller = LancamentoController(service: service, exigirChave: settings.isChaveRequired)
        let lista = ListaController(service: service, concurrentExtractsMax: settings.extractsMax)
        let totais = TotaisController(
            service: TotaisService(repository: PostgresTotaisRepository(client: reads, logger: logger)), concurrentMax: Self.totaisMax)
        let lotes = LoteController(
            service: service,
            exigirChave: settings.isChaveRequired,
            limits: .init(
                concurrentMax: settings.lotesMax, bodyMaxBytes: settings.loteBodyMaxBytes
            ),
            urlPublica: common.urlPublica
        )
        let authenticator = try await Authenticator(common.auth, logger: logger, agora: SystemClock.agora)
        let certificate = try common.http.tls.map { files throws(SettingsError) in
            try ListenerCertificate(files, metrics: metrics, logger: logger)
        }
        let application = try HTTPServer.makeApplication(
            routes: controller.routes + lista.routes + totais.routes + lotes.routes + Route.operational(health: health, metrics: metrics)
                + Route.documentation(of: .lancamentos, urlPublica: common.urlPublica),
            settings: common.http,
            certificate: certificate,
            urlPublica: common.urlPublica,
            authenticator: authenticator,
            metrics: metrics,
            tracer: InstrumentationSystem.tracer,
            logger: logger
        )
        let watchdog = StallWatchdog(
            [
                .init("relay", work: relaying) {
                    guard amqpPublisher.isReady else { return false }
                    return await schema.run() == nil
                }
            ], logger: logger)
        try await ServiceRunner.run(
            [pool, reads, amqpPublisher, relay, sweeper, counter, batcher, watchdog]
                + Self.comandos(settings.common, service: service, schema: schema, logger: logger)
                + [certificate].compactMap(\.self) + [
                    authenticator, HTTPListener(application, settings: common.http, service: Self.name), DrainingService(health: health),
                ],
            shutdownMaxS: common.shutdownMaxS,
            logger: logger
        )
    }
}

extension WriteBatcher.Limits {
    /// Half of the pool writes, the other half settles, deletes from the outbox and answers readiness.
    fileprivate init(_ settings: LancamentosSettings) {
        self.init(
            queueMax: settings.writeQueueEntriesMax,
            batchRowsMax: settings.writeBatchEntriesMax,
            workers: max(1, settings.common.database.connections / 2),
            answerMax: .seconds(2)
        )
    }
}

extension LancamentoService.Clock {
    fileprivate init(_ calendar: BusinessCalendar) {
        self.init(agora: SystemClock.agora, hoje: { calendar.hoje(agora: SystemClock.agora()) })
    }
}
