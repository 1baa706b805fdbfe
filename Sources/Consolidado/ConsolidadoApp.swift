import AMQP
import Access
import Contrato
import CoreMetrics
import Documents
import Edge
import Hummingbird
package import Logging
import Mensageria
package import Observability
import Postgres
import ServiceLifecycle
package import ServiceRuntime
package import Settings
import Tracing

/// The consolidation service: wires its parts and runs them.
package enum ConsolidadoApp: ServiceApp {
    package static let name = "consolidado"

    package static func migrate(_ settings: DatabaseSettings, logger: Logger) async throws {
        try await SchemaCheck.migrate(ConsolidadoMigrations.migrations, settings, logger: logger)
    }

    /// With the wait for a worker (``SaldoService/Limits/queueWaitMax``) every read is answered within 2.5 s, also while the database stalls.
    private static let readMax: Duration = .milliseconds(1100)
    /// A sum waits for nothing else.
    private static let sumMax: Duration = .seconds(2)

    package static func catalog() throws(SettingsError) -> SettingsCatalog { try ConsolidadoSettings.catalog() }

    package static func settings(_ values: SettingValues) throws(SettingsError) -> ConsolidadoSettings { try ConsolidadoSettings(values) }

    /// Shutdown runs in the reverse order of the services below: HTTP drains first, then the consumer applies and acknowledges its messages, and
    /// the pools close last.
    package static func serve(_ settings: ConsolidadoSettings, metrics: PrometheusRegistry, logger: Logger) async throws {
        let common = settings.common
        // A quarter of the connections is for sums over accounts and lists, so that a large one does not delay reads of one account.
        let sumsConnections = max(1, common.database.connections / 4)
        let readConnections = max(1, common.database.connections - sumsConnections)
        let pool = try PostgresClient.make(
            common.database, connections: readConnections, role: .primary, queryMax: Self.readMax, logger: logger)
        let sumsPool = try PostgresClient.make(
            common.database, pool: "somas", connections: sumsConnections, role: .primary, queryMax: Self.sumMax, plans: .eachRun,
            logger: logger
        )
        // A separate pool, so that a peak of reads does not delay the consolidation.
        let consumerPool = try PostgresClient.make(
            common.database, pool: "consumidor", connections: LancamentosConsumer.connectionsMax,
            lockTimeout: LancamentosConsumer.lockTimeout, logger: logger,
            // The pools that only read would go on with the old server, which receives no changes.
            onServerChange: { for reads in [pool, sumsPool] { reads.renewConnections() } }
        )
        let readRepository = PostgresSaldoReadRepository(client: pool, sums: sumsPool, logger: logger)
        let waits = ConsolidationWaits(repository: readRepository, logger: logger)
        let consolidacao = ConsolidacaoService(
            repository: PostgresSaldoRepository(client: consumerPool, logger: logger), onApplied: { waits.applied($0) }
        )

        let broker = common.broker
        var consumerSettings = ConsumerSettings()
        consumerSettings.prefetchMessagesMax = UInt16(clamping: settings.prefetchMessages)
        consumerSettings.batchMessagesMax = settings.batchMessagesMax
        consumerSettings.linger = .milliseconds(settings.batchWaitMs)
        consumerSettings.smallBatchPause = .milliseconds(5) ... .milliseconds(20)
        let consumerBroker = try AMQPConfiguration(broker, purpose: "consumer")
        let batches = BatchConsumer(
            configuration: consumerBroker,
            topology: ConsolidadoTopology.consumer,
            queue: AMQPNames.Queue.consolidado,
            settings: consumerSettings,
            logger: logger
        )
        let source = SuspectDeliveries(RequeuedDeliveries(batches, origin: .eventos(user: consumerBroker.user)), logger: logger)
        let deadLetterPublisher = ConfirmedPublisher(
            configuration: try AMQPConfiguration(broker, purpose: "dead letters"),
            topology: ConsolidadoTopology.deadLetters,
            logger: logger
        )
        let deadLetters = DeadLetters(
            queue: AMQPNames.Queue.consolidado, deadLetterQueue: AMQPNames.Queue.consolidadoDLQ, publisher: deadLetterPublisher,
            settle: { await source.settle($0) }, agora: SystemClock.agora, logger: logger
        )
        let noticeBroker = try AMQPConfiguration(broker, purpose: "notices")
        let noticePublisher = ConfirmedPublisher(configuration: noticeBroker, topology: ConsolidadoTopology.notices, logger: logger)
        let notices = NoticeSender(
            leases: PostgresNoticeLease.source(try PostgresConfiguration(common.database)),
            publisher: AMQPNoticePublisher(publisher: noticePublisher, user: noticeBroker.user, urlPublica: common.urlPublica),
            logger: logger
        )
        var newsSettings = ConsumerSettings()
        // Readers receive changes four times a second: messages may gather, and wake fewer threads.
        newsSettings.smallBatchPause = .milliseconds(50) ... .milliseconds(100)
        let news = BatchConsumer(
            configuration: try AMQPConfiguration(broker, purpose: "feed"), topology: FeedQueue.topology, queue: "",
            settings: newsSettings, logger: logger)
        var feedLimits = SaldoFeedLimits()
        feedLimits.readersMax = settings.eventStreamsMax
        let feed = SaldoFeed(limits: feedLimits, source: FeedQueue(consumer: news), agora: SystemClock.agora)
        let follower = SaldoFollower(source: news, feed: feed, logger: logger)
        let reconciler = Reconciler(
            leases: PostgresReconciliationStore.source(try PostgresConfiguration(common.database)),
            view: PostgresReconciliationView(client: sumsPool, logger: logger), logger: logger
        )
        let schema = SchemaCheck(ConsolidadoMigrations.migrations, consumerPool)
        let consuming = WorkMeter()
        let consumer = LancamentosConsumer(
            source: source,
            service: consolidacao,
            deadLetters: deadLetters,
            usuarioDosEventos: settings.eventsUser,
            isDatabaseReady: { await schema.run() == nil },
            prefetch: settings.prefetchMessages,
            agora: SystemClock.agora,
            counts: PostgresReconciliationView(client: consumerPool, logger: logger),
            work: consuming,
            logger: logger
        )
        let watchdog = StallWatchdog(
            [
                .init("consumer", work: consuming) {
                    guard batches.isConsuming, !deadLetters.isFull else { return false }
                    return await schema.run() == nil
                }
            ], logger: logger)
        let health = HealthRegistry()
        // Reads go on while the database is read-only. The consumer's pool has no connection then, and no caller waits for one.
        let pools = WarmPools([pool, sumsPool])
        let readable = SchemaCheck(ConsolidadoMigrations.migrations, pool)
        health.register("banco") {
            async let cold = pools.run()
            if let fault = await readable.run() { return fault }
            return await cold
        }

        let saldos = SaldoService(
            repository: readRepository, limits: .init(workers: max(1, readConnections / 2), longWorkers: max(1, readConnections / 4)))
        let controller = ConsolidadoController(service: saldos, waits: waits, waitMax: .milliseconds(settings.aposWaitMaxMs))
        let authenticator = try await Authenticator(common.auth, logger: logger, agora: SystemClock.agora)
        let certificate = try common.http.tls.map { files throws(SettingsError) in
            try ListenerCertificate(files, metrics: metrics, logger: logger)
        }
        let application = try HTTPServer.makeApplication(
            routes: controller.routes + ContasController(service: saldos).routes + EventosController(feed: feed).routes
                + Route.operational(health: health, metrics: metrics)
                + Route.documentation(of: .consolidado, urlPublica: common.urlPublica) + Route.painel(settings.painel),
            settings: common.http,
            certificate: certificate,
            urlPublica: common.urlPublica,
            authenticator: authenticator,
            metrics: metrics,
            tracer: InstrumentationSystem.tracer,
            logger: logger
        )
        try await ServiceRunner.run(
            [certificate].compactMap(\.self) + [
                pool, consumerPool, sumsPool, deadLetterPublisher, deadLetters, noticePublisher, notices, reconciler, consumer, watchdog,
                saldos, follower,
                authenticator, HTTPListener(application, settings: common.http, service: Self.name),
                // After the server, so that waiting reads are answered, and streams end, before the server drains them.
                waits, feed, DrainingService(health: health),
            ],
            shutdownMaxS: common.shutdownMaxS,
            logger: logger
        )
    }
}
