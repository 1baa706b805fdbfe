import AMQP
import CoreMetrics
import FluxoDeCaixa
import Hummingbird
package import Logging
import Postgres
package import ServiceKit
import ServiceLifecycle
import Tracing

/// The entry service: wires its parts and runs them.
package enum LancamentosApp: ServiceApp {
    package static let name = ServiceName.lancamentos

    package static func migrate(_ configuration: MigrateConfiguration, logger: Logger) async throws {
        try await SchemaCheck.migrate(LancamentosMigrations.migrations, configuration, service: self.name, logger: logger)
    }

    /// A write that was answered `resultado-desconhecido` must not happen later than the 30 s after which callers may believe a 404. A statement
    /// that lay in a stopped server's buffers came after its session went idle: the session is ended before the server reads it.
    private static let writeSessionIdleMax: Duration = .seconds(20)

    /// Shutdown runs in the reverse of the order of the services below: HTTP drains first, then the intake of commands, then what they have written is relayed, the pool closes last.
    package static func serve(_ configuration: Configuration, metrics: PrometheusRegistry, logger: Logger) async throws {
        let pool = try PostgresClient.make(
            configuration.banco, service: self.name, idleSessionTimeout: Self.writeSessionIdleMax, logger: logger
        )
        let broker = try AMQPConfiguration(configuration.amqp, service: self.name, purpose: "relay")

        var publisherSettings = PublisherSettings()
        publisherSettings.windowMessagesMax = configuration.lancamentos.relayJanelaMax
        publisherSettings.drainTimeout = .seconds(5)
        publisherSettings.smallBurstPause = .milliseconds(5)
        let amqpPublisher = ConfirmedPublisher(
            configuration: broker,
            topology: LancamentosTopology.eventos,
            settings: publisherSettings,
            logger: logger,
            observer: PublisherMonitor(logger: logger)
        )
        let publisher = AMQPEventPublisher(
            publisher: amqpPublisher, isReady: { amqpPublisher.isReady }, user: broker.user, urlPublica: configuration.urlPublica,
            logger: logger
        )
        let outbox = PostgresOutboxRepository(client: pool)
        let relay = Relay(
            publisher: publisher, outbox: outbox, limits: .init(ringRowsMax: configuration.lancamentos.relayMemoriaMax), logger: logger
        )
        let sweeper = Sweeper(
            leases: PostgresOutboxLeaseSource(
                configuration: try PostgresConfiguration(configuration.banco, service: self.name), logger: logger
            ),
            outbox: outbox, relay: relay, publisher: publisher, logger: logger
        )
        let reads = try PostgresClient.make(
            configuration.banco, service: self.name, pool: "leitura", connections: configuration.lancamentos.leituraConexoes,
            plans: .eachRun, logger: logger
        )
        let repository = PostgresLancamentoRepository(client: pool, reads: reads, logger: logger)
        let batcher = WriteBatcher(
            repository: repository, limits: .init(configuration), logger: logger, handOff: { relay.offer($0) }
        )
        let service = LancamentoService(repository: repository, batcher: batcher, clock: .init(configuration.calendario))
        let health = HealthRegistry()
        let schema = SchemaCheck(LancamentosMigrations.migrations, pool)
        health.register("banco") { await schema.run() }

        let controller = LancamentoController(service: service, exigirChave: configuration.lancamentos.exigirChave)
        let lista = ListaController(service: service, concurrentExtractsMax: configuration.lancamentos.extratoSimultaneosMax)
        let lotes = LoteController(
            service: service,
            exigirChave: configuration.lancamentos.exigirChave,
            limits: .init(
                concurrentMax: configuration.lancamentos.loteSimultaneosMax, bodyMaxBytes: configuration.lancamentos.loteCorpoMaxBytes
            ),
            urlPublica: configuration.urlPublica
        )
        let authenticator = try await Authenticator(configuration.auth, logger: logger)
        let certificate = try configuration.http.tls.map { files throws(ConfigurationError) in
            try ListenerCertificate(files, metrics: metrics, logger: logger)
        }
        let application = try HTTPServer.makeApplication(
            routes: controller.routes + lista.routes + lotes.routes + Route.operational(health: health, metrics: metrics)
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
            [pool, reads, amqpPublisher, relay, sweeper, batcher]
                + Self.comandos(configuration, service: service, schema: schema, logger: logger)
                + [certificate].compactMap(\.self) + [authenticator, application, DrainingService(health: health)],
            encerramentoMaxS: configuration.encerramentoMaxS,
            logger: logger
        )
    }
}

extension WriteBatcher.Limits {
    /// Half of the pool writes, the other half settles, deletes from the outbox and answers readiness.
    fileprivate init(_ configuration: Configuration) {
        self.init(
            queueMax: configuration.lancamentos.escritaFilaMax,
            batchRowsMax: configuration.lancamentos.escritaLoteMax,
            workers: max(1, configuration.banco.conexoes / 2),
            settleMax: .milliseconds(1500)
        )
    }
}

extension LancamentoService.Clock {
    fileprivate init(_ calendar: BusinessCalendar) {
        self.init(agora: SystemClock.agora, hoje: { calendar.hoje(agora: SystemClock.agora()) })
    }
}
