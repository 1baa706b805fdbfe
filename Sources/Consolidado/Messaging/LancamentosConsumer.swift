import AMQP
import Contrato
package import FluxoDeCaixa
package import Logging
package import Mensageria
import Metrics
import ServiceLifecycle
package import ServiceRuntime
import Storage

/// Receives registered entries from the queue in batches, applies them, and acknowledges after the commit.
package final class LancamentosConsumer: Service, Sendable {
    /// One for applying, one for the accounts that are set aside, one for readiness checks.
    static let connectionsMax = 3
    /// How long a batch waits for a row that another session holds. Batches of several instances hold rows for milliseconds. A batch that
    /// waits longer sets the account aside and applies the others.
    static let lockTimeout: Duration = .milliseconds(250)

    private let source: any DeliverySource
    private let deadLetters: DeadLetters
    private let outage: DatabaseOutage
    private let applier: EntryApplier
    private let usuarioDosEventos: String?
    private let counts: (any CountInbox)?
    private let work: WorkMeter
    private let logger: Logger

    private let batchMessages = Recorder(label: "consume_batch_messages")

    /// - Parameters:
    ///   - deadLetters: receives the messages that can never be applied. Run separately.
    ///   - usuarioDosEventos: the only AMQP user whose events are accepted, verified by the broker in `user_id`; nil accepts all.
    ///   - isDatabaseReady: whether the database answers and has the schema that this program needs.
    ///   - prefetch: how many messages the source receives ahead.
    ///   - agora: the clock for the age of entries.
    ///   - counts: keeps the counts of registered entries; nil ignores them.
    ///   - work: counts batches.
    package init(
        source: any DeliverySource,
        service: ConsolidacaoService,
        deadLetters: DeadLetters,
        usuarioDosEventos: String? = nil,
        isDatabaseReady: @escaping @Sendable () async -> Bool,
        prefetch: Int = 1000,
        agora: @escaping @Sendable () -> Instante,
        counts: (any CountInbox)? = nil,
        work: WorkMeter = WorkMeter(),
        logger: Logger
    ) {
        self.source = source
        self.deadLetters = deadLetters
        self.usuarioDosEventos = usuarioDosEventos
        self.counts = counts
        self.work = work
        self.logger = logger
        self.outage = DatabaseOutage(source: source, isDatabaseReady: isDatabaseReady, logger: logger)
        self.applier = EntryApplier(
            source: source, service: service, deadLetters: deadLetters, outage: self.outage,
            // What is left is a batch in the database and the next one.
            roomMessages: max(1, prefetch / 4), agora: agora, logger: logger)
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
            group.addTask { await self.applier.retrySetAside() }
            try await self.source.run()
            // Everything is settled, or the shutdown has timed out. Batches that still wait for a database or a broker stop, and their messages
            // are redelivered.
            group.cancelAll()
        }
    }

    // MARK: - One batch

    private func handle(_ deliveries: [Delivery]) async {
        self.work.began()
        defer { self.work.finished() }
        let receivedAt = ContinuousClock.now
        self.batchMessages.record(deliveries.count)
        var received: [ReceivedEntry] = []
        var refused: [(delivery: Delivery, recusa: MessageRefusal)] = []
        var counts: [Delivery] = []
        for delivery in deliveries {
            if delivery.exchange.isEmpty, self.isCount(delivery) {
                counts.append(delivery)
                continue
            }
            switch self.read(delivery) {
            case .success(let entry): received.append(ReceivedEntry(delivery: delivery, entry: entry))
            case .failure(let recusa): refused.append((delivery, recusa))
            }
        }
        // Valid messages first: a dead letter may have to wait for the broker.
        if !received.isEmpty { await self.applier.apply(received, receivedAt: receivedAt) }
        for (delivery, recusa) in refused { await self.deadLetters.accept(delivery, recusa) }
        if !counts.isEmpty { await self.keep(counts) }
    }

    /// Whether a message that was sent to this queue alone carries a count of registered entries. No integrator can send one so.
    private func isCount(_ delivery: Delivery) -> Bool {
        guard delivery.properties.headers?[AMQPNames.Header.conferencia] != nil else { return false }
        return self.usuarioDosEventos.map { delivery.properties.userID?.hasSameBytes(as: $0) == true } ?? true
    }

    /// Keeps counts and acknowledges them. One that cannot be read or kept is dropped: a later one covers its period.
    private func keep(_ deliveries: [Delivery]) async {
        for delivery in deliveries {
            guard let text = delivery.properties.headers?[AMQPNames.Header.conferencia]?.stringValue,
                let conferencia = Conferencia.decode(text)
            else {
                self.logger.debug("a count of registered entries cannot be read")
                continue
            }
            do throws(StorageFailure) {
                try await self.counts?.keep(conferencia)
            } catch {
                self.logger.debug("a count of registered entries could not be kept", metadata: ["error": "\(error)"])
            }
        }
        await self.source.settle(deliveries.map(\.tag))
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

extension RequeuedOrigin {
    /// Dead letters of the consolidation's queue.
    /// - Parameter user: the service's own user at the broker.
    package static func eventos(user: String) -> RequeuedOrigin {
        RequeuedOrigin(queue: AMQPNames.Queue.consolidado, exchange: AMQPNames.Exchange.lancamentos, user: user)
    }
}
