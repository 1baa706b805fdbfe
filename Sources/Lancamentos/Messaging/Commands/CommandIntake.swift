import AMQP
import Contrato
package import FluxoDeCaixa
package import Logging
package import Mensageria
import Metrics
import Observability
import ServiceLifecycle
import Tracing

/// Receives commands from the queue, registers their entries as REST does, answers, and then acknowledges.
///
/// It never refuses a command for lack of capacity or database: it waits, with at most the queue's prefetch in memory. Unacknowledged commands
/// are redelivered, and their keys make that harmless.
package final class CommandIntake: Service, Sendable {
    /// Concurrent batches: one can wait for the database while the answers of another wait for the broker.
    static let batchesInFlightMax = 2
    /// The failed attempts of a command that count as an outage. A single lost connection is none.
    private static let attemptsMax = 3
    private static let pauseMin: Duration = .milliseconds(100)
    private static let pauseMax: Duration = .seconds(2)

    private enum Outcome: Sendable {
        case registered(RegistrationOutcome)
        case refused(CommandRefusal)
        /// The database is away or the process ends. There is no answer, and the command is redelivered.
        case open
    }

    private struct Handled: Sendable {
        let delivery: Delivery
        let outcome: Outcome
    }

    /// What the intake needs from the rest of the program.
    package struct Surroundings: Sendable {
        /// The base URL of a problem's `type`.
        package var urlPublica: String
        package var agora: @Sendable () -> Instante
        /// Makes the text of a new UUID.
        package var newID: @Sendable () -> String
        /// Whether the database answers and has the schema that this program needs.
        package var isDatabaseReady: @Sendable () async -> Bool
    }

    private let source: any DeliverySource
    private let reader: CommandReader
    private let service: LancamentoService
    private let replies: ReplySender
    private let deadLetters: DeadLetters
    private let surroundings: Surroundings
    private let outage: DatabaseOutage
    /// A counter for each outcome from the start, so that the first refusal shows as an increase.
    private let total = Dictionary(
        uniqueKeysWithValues: ([CommandIntake.createdLabel, CommandIntake.replayedLabel] + Motivo.allCases.map(\.rawValue)).map {
            ($0, Counter(label: "commands_total", dimensions: [("outcome", $0)]))
        })
    private let logger: Logger

    /// - Parameter deadLetters: receives refusals that cannot be answered. Run separately.
    package init(
        source: any DeliverySource,
        reader: CommandReader,
        service: LancamentoService,
        replies: ReplySender,
        deadLetters: DeadLetters,
        surroundings: Surroundings,
        logger: Logger
    ) {
        self.source = source
        self.reader = reader
        self.service = service
        self.replies = replies
        self.deadLetters = deadLetters
        self.surroundings = surroundings
        self.outage = DatabaseOutage(source: source, isDatabaseReady: surroundings.isDatabaseReady, logger: logger)
        self.logger = logger
    }

    /// Receives commands until graceful shutdown, then finishes the received ones.
    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.outage.waitUntilReady() }
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<Self.batchesInFlightMax {
                group.addTask {
                    while let batch = await self.source.nextBatch() { await self.handle(batch.deliveries) }
                }
            }
            try await self.source.run()
            // Everything is settled, or the shutdown has timed out. Unsettled commands are redelivered.
            group.cancelAll()
        }
    }

    // MARK: - One batch

    private func handle(_ deliveries: [Delivery]) async {
        let receivedAt = ContinuousClock.now
        let handled = await self.register(deliveries)
        await self.finish(handled)
        let isOpen = handled.contains { if case .open = $0.outcome { true } else { false } }
        if isOpen, !Task.isCancelled { await self.outage.waitUntilOver(receivedAt: receivedAt) }
    }

    /// Registers all concurrently, so that the batcher writes them together.
    private func register(_ deliveries: [Delivery]) async -> [Handled] {
        await withTaskGroup(of: Handled.self) { group in
            for delivery in deliveries {
                group.addTask { Handled(delivery: delivery, outcome: await self.register(delivery)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func register(_ delivery: Delivery) async -> Outcome {
        let command: Command
        do throws(CommandRefusal) {
            command = try self.reader.read(delivery)
        } catch {
            return .refused(error)
        }
        defer { command.hop.span.end() }
        let traceparent = command.hop.traceparent.description
        var failures = 0
        var pause = Self.pauseMin
        while true {
            do throws(RegistrationFailure) {
                let resultado = try await self.service.register(
                    command.novo, registradoPor: command.registradoPor, canal: .fila, traceparent: traceparent,
                    diaPadrao: command.diaDoEnvio
                )
                await self.outage.ended()
                return .registered(resultado)
            } catch {
                switch error {
                case .chaveComOutroConteudo: return .refused(.conflito)
                case .sobrecarga: break
                // Also retried after an unknown outcome: the key makes a second run harmless.
                case .bancoIndisponivel, .bancoRecusa, .resultadoDesconhecido: failures += 1
                }
            }
            guard failures < Self.attemptsMax, (try? await Task.sleep(for: pause)) != nil else { return .open }
            pause = min(pause * 2, Self.pauseMax)
        }
    }

    // MARK: - Answers

    /// Settles commands without an answer first: a reply may have to wait for the broker, a dead letter for room.
    private func finish(_ handled: [Handled]) async {
        var silent: [DeliveryTag] = []
        var answers: [(handled: Handled, message: AMQPMessage)] = []
        var refused: [(delivery: Delivery, refusal: CommandRefusal)] = []
        for one in handled {
            self.count(one.outcome)
            if let message = self.reply(to: one) {
                answers.append((one, message))
                continue
            }
            switch one.outcome {
            case .registered: silent.append(one.delivery.tag)
            case .refused(let refusal): refused.append((one.delivery, refusal))
            case .open: break
            }
        }
        if !silent.isEmpty { await self.source.settle(silent) }
        refused += await self.send(answers)
        for (delivery, refusal) in refused { await self.deadLetters.accept(delivery, refusal.messageRefusal) }
    }

    /// Sends answers and settles the finished commands.
    /// - Returns: the refusals that could not be answered.
    private func send(
        _ answers: [(handled: Handled, message: AMQPMessage)]
    ) async -> [(delivery: Delivery, refusal: CommandRefusal)] {
        let fates = await self.replies.send(answers.map(\.message))
        var done: [DeliveryTag] = []
        var refused: [(delivery: Delivery, refusal: CommandRefusal)] = []
        for (answer, fate) in zip(answers, fates) {
            let delivery = answer.handled.delivery
            switch (fate, answer.handled.outcome) {
            case (.answered, _), (.unanswerable, .registered): done.append(delivery.tag)
            case (.unanswerable, .refused(let refusal)): refused.append((delivery, refusal))
            case (.unknown, _), (.unanswerable, .open): break
            }
        }
        if !done.isEmpty { await self.source.settle(done) }
        return refused
    }

    /// The answer, if the sender asked for one at an allowed address.
    private func reply(to handled: Handled) -> AMQPMessage? {
        let properties = handled.delivery.properties
        guard let correlationID = properties.correlationID, !correlationID.isEmpty, let replyTo = properties.replyTo, !replyTo.isEmpty
        else { return nil }
        guard let address = ReplyAddress(replyTo, user: properties.userID) else {
            if case .open = handled.outcome { return nil }
            self.replies.refusedAddress(of: properties.userID)
            return nil
        }
        let reply: CommandReply
        switch handled.outcome {
        case .registered(let resultado): reply = CommandReply(resultado, id: self.surroundings.newID())
        case .refused(let refusal):
            reply = CommandReply(refusal.problema, urlPublica: self.surroundings.urlPublica, id: self.surroundings.newID())
        case .open: return nil
        }
        return reply.message(to: address, correlationID: correlationID, agora: self.surroundings.agora())
    }

    private func count(_ outcome: Outcome) {
        let label: String
        switch outcome {
        case .registered(.criado): label = Self.createdLabel
        case .registered(.repetido): label = Self.replayedLabel
        case .refused(let refusal): label = refusal.motivo.rawValue
        case .open: return
        }
        self.total[label]?.increment()
    }

    private static let createdLabel = "created"
    private static let replayedLabel = "replayed"
}
