import AMQP
import Contrato
import Logging
import Mensageria
import Observability
import ServiceLifecycle
import ServiceRuntime
import Tracing

extension LancamentosApp {
    /// Unsettled commands. The limit bounds the memory of their bodies and headers.
    private static let commandPrefetchMax: UInt16 = 256
    private static let commandBatchMax = 128
    /// An answer without a confirm for this time is sent again on a new connection: one stuck queue must not delay the answers to others.
    private static let replyConfirmTimeout: Duration = .seconds(10)

    /// The intake of commands with its connections, in the order of their start.
    static func comandos(
        _ common: ServiceSettings, service: LancamentoService, schema: SchemaCheck, logger: Logger
    ) throws -> [any Service] {
        func broker(_ purpose: String) throws -> AMQPConfiguration {
            try AMQPConfiguration(common.broker, purpose: purpose)
        }
        var settings = ConsumerSettings()
        settings.prefetchMessagesMax = self.commandPrefetchMax
        settings.batchMessagesMax = self.commandBatchMax
        let configuration = try broker("commands")
        let consumer = BatchConsumer(
            configuration: configuration, topology: LancamentosTopology.comandos, queue: AMQPNames.Queue.comandos,
            settings: settings, logger: logger
        )
        let source = RequeuedDeliveries(consumer, origin: .comandos(user: configuration.user))
        let letterPublisher = ConfirmedPublisher(
            configuration: try broker("dead letters"), topology: LancamentosTopology.comandosDeadLetters, logger: logger
        )
        let deadLetters = DeadLetters(
            queue: AMQPNames.Queue.comandos, deadLetterQueue: AMQPNames.Queue.comandosDLQ, publisher: letterPublisher,
            settle: { await source.settle($0) }, agora: SystemClock.agora, logger: logger
        )
        var replySettings = PublisherSettings()
        replySettings.confirmTimeout = self.replyConfirmTimeout
        let replyPublisher = ConfirmedPublisher(
            configuration: try broker("replies"), topology: AMQPTopology(), settings: replySettings, logger: logger
        )
        let calendario = common.calendario
        let intake = CommandIntake(
            source: source,
            reader: CommandReader(hoje: { service.hoje }, dia: { calendario.dia(de: $0) }, tracer: InstrumentationSystem.tracer),
            service: service,
            replies: ReplySender(publisher: replyPublisher, logger: logger),
            deadLetters: deadLetters,
            surroundings: .init(
                urlPublica: common.urlPublica, agora: SystemClock.agora, newID: RequestID.new,
                isDatabaseReady: { await schema.run() == nil }
            ),
            logger: logger
        )
        return [letterPublisher, replyPublisher, deadLetters, intake]
    }
}
