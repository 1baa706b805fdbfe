import AMQP
import Contrato
import CoreMetrics
import Hummingbird
package import Logging
import Mensageria
import Postgres
package import ServiceKit
import ServiceLifecycle
import Tracing

/// The consolidation service: wires its parts and runs them.
package enum ConsolidadoApp: ServiceApp {
    package static let name = ServiceName.consolidado

    package static func migrate(_ configuration: MigrateConfiguration, logger: Logger) async throws {
        try await SchemaCheck.migrate(ConsolidadoMigrations.migrations, configuration, service: self.name, logger: logger)
    }

    /// Shutdown runs in the reverse of the order of the services below: HTTP drains first, the consumer applies and acknowledges what it holds, the
    /// pool closes last.
    package static func serve(_ configuration: Configuration, metrics: PrometheusRegistry, logger: Logger) async throws {
        // A quarter of the connections is for sums over accounts and lists, so that one over very many does not hold back reads of one.
        let sumsConnections = max(1, configuration.banco.conexoes / 4)
        let readConnections = max(1, configuration.banco.conexoes - sumsConnections)
        let pool = try PostgresClient.make(configuration.banco, service: self.name, connections: readConnections, logger: logger)
        let sumsPool = try PostgresClient.make(
            configuration.banco, service: self.name, pool: "somas", connections: sumsConnections, plans: .eachRun, logger: logger
        )
        // Of its own, so that a peak of reads does not hold back what they want to read.
        let consumerPool = try PostgresClient.make(
            configuration.banco, service: self.name, pool: "consumidor", connections: LancamentosConsumer.connectionsMax,
            logger: logger
        )
        let readRepository = PostgresSaldoReadRepository(client: pool, sums: sumsPool, logger: logger)
        let waits = ConsolidationWaits(repository: readRepository, logger: logger)
        let consolidacao = ConsolidacaoService(
            repository: PostgresSaldoRepository(client: consumerPool, logger: logger), onApplied: { waits.applied($0) }
        )

        let broker = configuration.amqp
        var consumerSettings = ConsumerSettings()
        consumerSettings.prefetchMessagesMax = UInt16(clamping: configuration.consolidado.prefetch)
        consumerSettings.batchMessagesMax = configuration.consolidado.loteMax
        consumerSettings.linger = .milliseconds(configuration.consolidado.loteEsperaMs)
        consumerSettings.smallBatchPause = .milliseconds(5) ... .milliseconds(20)
        let source = BatchConsumer(
            configuration: try AMQPConfiguration(broker, service: self.name, purpose: "consumer"),
            topology: ConsolidadoTopology.consumer,
            queue: NomesAMQP.Queue.consolidado,
            settings: consumerSettings,
            logger: logger
        )
        let deadLetterPublisher = ConfirmedPublisher(
            configuration: try AMQPConfiguration(broker, service: self.name, purpose: "dead letters"),
            topology: ConsolidadoTopology.deadLetters,
            logger: logger
        )
        let deadLetters = DeadLetters(
            queue: NomesAMQP.Queue.consolidado, deadLetterQueue: NomesAMQP.Queue.consolidadoDLQ, publisher: deadLetterPublisher,
            settle: { await source.settle($0) }, agora: SystemClock.agora, logger: logger
        )
        let noticeBroker = try AMQPConfiguration(broker, service: self.name, purpose: "notices")
        let noticePublisher = ConfirmedPublisher(configuration: noticeBroker, topology: ConsolidadoTopology.notices, logger: logger)
        let notices = NoticeSender(
            leases: PostgresNoticeLeaseSource(
                configuration: try PostgresConfiguration(configuration.banco, service: self.name), logger: logger
            ),
            publisher: AMQPNoticePublisher(publisher: noticePublisher, user: noticeBroker.user, urlPublica: configuration.urlPublica),
            logger: logger
        )
        let schema = SchemaCheck(ConsolidadoMigrations.migrations, consumerPool)
        let consumer = LancamentosConsumer(
            source: source,
            service: consolidacao,
            deadLetters: deadLetters,
            usuarioDosEventos: configuration.consolidado.usuarioDosEventos,
            isDatabaseReady: { await schema.run() == nil },
            agora: SystemClock.agora,
            logger: logger
        )
        let health = HealthRegistry()
        health.register("banco") { await schema.run() }

        let reader = SaldoReader(
            repository: readRepository, limits: .init(workers: max(1, readConnections / 2), longWorkers: max(1, readConnections / 4)))
        let saldos = SaldoService(repository: readRepository, reader: reader, waits: waits)
        let controller = ConsolidadoController(
            service: saldos, waitMax: .milliseconds(configuration.consolidado.aposEsperaMaxMs)
        )
        let authenticator = try await Authenticator(configuration.auth, logger: logger)
        let certificate = try configuration.http.tls.map { files throws(ConfigurationError) in
            try ListenerCertificate(files, metrics: metrics, logger: logger)
        }
        let application = try HTTPServer.makeApplication(
            routes: controller.routes + ContasController(service: saldos).routes + Route.operational(health: health, metrics: metrics)
                + Route.documentation(of: self.name, urlPublica: configuration.urlPublica),
            configuration: configuration.http,
            certificate: certificate,
            urlPublica: configuration.urlPublica,
            authenticator: authenticator,
            metrics: metrics,
            tracer: InstrumentationSystem.tracer,
            logger: logger
        )
        try await ServiceRunner.run(
            [certificate].compactMap(\.self) + [
                pool, consumerPool, sumsPool, deadLetterPublisher, deadLetters, noticePublisher, notices, consumer, reader,
                authenticator, application,
                // After the server, so that waiting reads are answered before it waits for them.
                waits, DrainingService(health: health),
            ],
            encerramentoMaxS: configuration.encerramentoMaxS,
            logger: logger
        )
    }
}
