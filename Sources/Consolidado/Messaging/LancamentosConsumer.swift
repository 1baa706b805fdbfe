import AMQP
import Contrato
package import FluxoDeCaixa
package import Logging
package import Mensageria
import Metrics
import Observability
import ServiceLifecycle
import Storage

/// Receives registered entries from the queue in batches, applies them, and acknowledges after the commit.
package final class LancamentosConsumer: Service, Sendable {
    /// One for applying, the others for readiness checks.
    static let connectionsMax = 3
    /// The attempts of a batch before its failure counts as an outage. A single deadlock or lost connection does not count.
    private static let attemptsMax = 3
    private static let attemptPause: Duration = .milliseconds(100)

    private let source: any DeliverySource
    private let service: ConsolidacaoService
    private let deadLetters: DeadLetters
    private let outage: DatabaseOutage
    private let usuarioDosEventos: String?
    private let agora: @Sendable () -> Instante
    private let logger: Logger

    private let batchMessages = Recorder(label: "consume_batch_messages")
    private let applied = Counter(label: "consumer_applied_total")
    private let appliedCentavos = Dictionary(
        uniqueKeysWithValues: Tipo.allCases.map {
            ($0, Counter(label: "consumer_applied_centavos_total", dimensions: [("tipo", $0.rawValue)]))
        })
    private let duplicates = Counter(label: "consumer_duplicates_total")
    private let applyDuration = Timer(label: "apply_duration_seconds")
    private let entryAge = Timer(label: "entry_age_seconds")

    /// - Parameters:
    ///   - source: the queue.
    ///   - deadLetters: receives the messages that can never be applied. Run separately.
    ///   - usuarioDosEventos: the only AMQP user whose events are accepted, verified by the broker in `user_id`; nil accepts all.
    ///   - isDatabaseReady: whether the database answers and has the schema that this program needs.
    ///   - agora: the clock for the age of entries.
    package init(
        source: any DeliverySource,
        service: ConsolidacaoService,
        deadLetters: DeadLetters,
        usuarioDosEventos: String? = nil,
        isDatabaseReady: @escaping @Sendable () async -> Bool,
        agora: @escaping @Sendable () -> Instante,
        logger: Logger
    ) {
        self.source = source
        self.service = service
        self.deadLetters = deadLetters
        self.usuarioDosEventos = usuarioDosEventos
        self.outage = DatabaseOutage(source: source, isDatabaseReady: isDatabaseReady, logger: logger)
        self.agora = agora
        self.logger = logger
    }

    /// Consumes until graceful shutdown, then applies and acknowledges the received messages.
    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.outage.waitUntilReady() }
        try await withThrowingDiscardingTaskGroup { group in
            // One batch at a time. Concurrent batches update the same account rows, and a row changed by another transaction costs more than
            // is gained: with 1,000 accounts, eight connections apply half as much as two.
            group.addTask {
                while let batch = await self.source.nextBatch() { await self.handle(batch.deliveries) }
            }
            try await self.source.run()
            // Everything is settled, or the shutdown has timed out. Batches that still wait for a database or a broker stop, and their messages
            // are redelivered.
            group.cancelAll()
        }
    }

    // MARK: - One batch

    private struct Received {
        let delivery: Delivery
        let entry: LancamentoAplicavel
    }

    private func handle(_ deliveries: [Delivery]) async {
        let receivedAt = ContinuousClock.now
        self.batchMessages.record(deliveries.count)
        var received: [Received] = []
        var refused: [(delivery: Delivery, recusa: MessageRefusal)] = []
        for delivery in deliveries {
            switch self.read(delivery) {
            case .success(let entry): received.append(Received(delivery: delivery, entry: entry))
            case .failure(let recusa): refused.append((delivery, recusa))
            }
        }
        // Valid messages first: a dead letter may have to wait for the broker.
        if !received.isEmpty { await self.apply(received, receivedAt: receivedAt) }
        for (delivery, recusa) in refused { await self.deadLetters.accept(delivery, recusa) }
    }

    private func read(_ delivery: Delivery) -> Result<LancamentoAplicavel, MessageRefusal> {
        if let usuario = self.usuarioDosEventos, delivery.properties.userID?.hasSameBytes(as: usuario) != true {
            return .failure(MessageRefusal(motivo: .origemNaoPermitida, erro: "O evento não vem do usuário que publica os lançamentos."))
        }
        guard !delivery.isTruncated else {
            return .failure(MessageRefusal(motivo: .ilegivel, erro: "O corpo é grande demais para um evento."))
        }
        return EventoLancamentoRegistrado.decode(body: delivery.body, messageID: delivery.properties.messageID)
    }

    private func apply(_ received: [Received], receivedAt: ContinuousClock.Instant) async {
        var attempt = 1
        while true {
            let start = ContinuousClock.now
            do throws(StorageFailure) {
                let outcomes = try await self.service.apply(received.map(\.entry))
                self.applyDuration.record(duration: .now - start)
                await self.outage.ended()
                await self.finish(received, outcomes)
                return
            } catch {
                switch error {
                case .invalidData where received.count > 1:
                    for one in received { await self.apply([one], receivedAt: receivedAt) }
                    return
                case .invalidData:
                    await self.deadLetters.accept(
                        received[0].delivery,
                        MessageRefusal(motivo: .invalido, erro: "O banco de dados não aceita o conteúdo do evento.")
                    )
                    return
                // Applying is idempotent, so it does not matter whether the batch was committed.
                case .unavailable, .overloaded, .outcomeUnknown:
                    guard attempt < Self.attemptsMax else {
                        // Consumption stops and the channel closes. The broker delivers these messages again afterwards.
                        await self.outage.waitUntilOver(receivedAt: receivedAt)
                        return
                    }
                    attempt += 1
                    guard (try? await Task.sleep(for: Self.attemptPause)) != nil else { return }
                }
            }
        }
    }

    private func finish(_ received: [Received], _ outcomes: [ApplyBatch.Outcome]) async {
        let now = self.agora().milissegundos
        var settled: [DeliveryTag] = []
        var conflicts: [Received] = []
        for (message, outcome) in zip(received, outcomes) {
            switch outcome {
            case .applied:
                self.applied.increment()
                self.appliedCentavos[message.entry.tipo]?.increment(by: message.entry.valor.centavos)
                self.entryAge.recordMilliseconds(max(0, now - message.entry.id.instante.milissegundos))
                self.logger.debug(
                    "entry applied", metadata: EntryMetadata.make(message.entry.id, traceparent: message.delivery.traceparent))
                settled.append(message.delivery.tag)
            case .duplicate:
                self.duplicates.increment()
                settled.append(message.delivery.tag)
            case .conflict: conflicts.append(message)
            }
        }
        await self.source.settle(settled)
        for message in conflicts {
            await self.deadLetters.accept(
                message.delivery,
                MessageRefusal(motivo: .conflito, erro: "Um lançamento com o mesmo id e outro conteúdo já foi aplicado.")
            )
        }
    }
}

/// The declarations of the consolidation service: the entry exchange, its own queue bound to it, the dead-letter queue, and the exchange of
/// news.
enum ConsolidadoTopology {
    /// Declared by the consumer.
    static let consumer = AMQPTopology.lancamentosRegistrados

    /// Declared by the publisher of dead letters.
    static let deadLetters = AMQPTopology(queues: [.quorum(AMQPNames.Queue.consolidadoDLQ)])

    /// Declared by the publisher of notices.
    static let notices = AMQPTopology(exchanges: [.init(name: AMQPNames.Exchange.consolidados, kind: .topic)])
}
