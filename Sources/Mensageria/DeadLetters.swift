package import AMQP
package import Contrato
package import FluxoDeCaixa
package import Logging
import Metrics
import NIOConcurrencyHelpers
import ServiceLifecycle

/// Moves messages that can never be processed to the dead-letter queue, and settles each only after the broker has confirmed its copy there.
///
/// A letter that is not confirmed is sent again until it is. Meanwhile other messages are settled. At most ``PendingLetters/max`` letters are
/// unconfirmed: then ``accept(_:_:)`` waits, which stops consumption.
package final class DeadLetters: Service, Sendable {
    /// The pause before unconfirmed letters are sent again, and before the first alarm about too many.
    private static let retryPause: Duration = .seconds(1)
    /// The pause between lines of the log about what goes on.
    private static let logInterval: Duration = .seconds(60)

    private typealias Waiter = CheckedContinuation<Bool, Never>

    private let queue: String
    private let deadLetterQueue: String
    private let publisher: any MessagePublisher
    private let settle: @Sendable ([DeliveryTag]) async -> Void
    private let agora: @Sendable () -> Instante
    private let logger: Logger
    /// A counter for each reason from the start, so that the first letter shows as an increase.
    private let accepted = Dictionary(
        uniqueKeysWithValues: Motivo.allCases.map {
            ($0, Counter(label: "consumer_dead_letters_total", dimensions: [("motivo", $0.rawValue)]))
        })
    private let pending = NIOLockedValueBox(PendingLetters<Waiter>())
    private let arrivals: AsyncStream<Void>
    private let arrived: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - publisher: declares the dead-letter queue.
    ///   - settle: settles deliveries whose letters are confirmed.
    ///   - agora: the clock for the header `recebido_em`.
    package init(
        queue: String,
        deadLetterQueue: String,
        publisher: any MessagePublisher,
        settle: @escaping @Sendable ([DeliveryTag]) async -> Void,
        agora: @escaping @Sendable () -> Instante,
        logger: Logger
    ) {
        self.queue = queue
        self.deadLetterQueue = deadLetterQueue
        self.publisher = publisher
        self.settle = settle
        self.agora = agora
        self.logger = logger
        // One token is enough: it stands for any number of letters.
        (self.arrivals, self.arrived) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    }

    /// Whether ``accept(_:_:)`` has to wait, because too many letters are unconfirmed.
    package var isFull: Bool { self.waitingCount > 0 }

    /// The number of calls of ``accept(_:_:)`` that wait for room.
    var waitingCount: Int { self.pending.withLockedValue { $0.waiting.count } }

    /// Accepts a refused message. Waits while too many letters are unconfirmed. If the wait is cancelled, the message stays unsettled and the
    /// broker delivers it again.
    package func accept(_ delivery: Delivery, _ recusa: MessageRefusal) async {
        let letter = DeadLetter(delivery: delivery, recusa: recusa, recebidoEm: self.agora())
        self.accepted[recusa.motivo]?.increment()
        self.logger.warning("message refused", metadata: delivery.metadata.merging(["motivo": "\(recusa.motivo.rawValue)"]) { $1 })
        async let _: Void = self.raiseAlarms()
        if await self.add(letter) { self.arrived.yield() }
    }

    /// Logs an alarm after a pause and at each interval, until it is cancelled.
    private func raiseAlarms() async {
        var pause = Self.retryPause
        while (try? await Task.sleep(for: pause)) != nil {
            pause = Self.logInterval
            self.logger.error(
                "too many dead letters unconfirmed, consumption waits", metadata: ["pending": "\(PendingLetters<Waiter>.max)"])
        }
    }

    /// Adds a letter once there is room.
    /// - Returns: false if the task was cancelled first.
    private func add(_ letter: DeadLetter) async -> Bool {
        let tag = letter.delivery.tag
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                Self.resume(self.pending.withLockedValue { $0.add(letter, waiter: waiter) })
                // The cancellation handler may have run before the letter was added.
                if Task.isCancelled { self.cancel(tag) }
            }
        } onCancel: {
            self.cancel(tag)
        }
    }

    private func cancel(_ tag: DeliveryTag) {
        self.pending.withLockedValue { $0.cancel(tag) }?.resume(returning: false)
    }

    private static func resume(_ admitted: [Waiter]) {
        for waiter in admitted { waiter.resume(returning: true) }
    }

    /// Sends letters until graceful shutdown.
    package func run() async {
        await cancelWhenGracefulShutdown {
            var loggedAt: ContinuousClock.Instant?
            for await _ in self.arrivals {
                while let unconfirmed = await self.sendPending() {
                    guard unconfirmed > 0 else {
                        loggedAt = nil
                        continue
                    }
                    if loggedAt.map({ .now - $0 >= Self.logInterval }) ?? true {
                        loggedAt = .now
                        self.logger.error("dead letters not confirmed, will be sent again", metadata: ["letters": "\(unconfirmed)"])
                    }
                    guard (try? await Task.sleep(for: Self.retryPause)) != nil else { return }
                }
            }
        }
    }

    /// - Returns: how many of the sent letters are not confirmed; nil if there was none to send.
    private func sendPending() async -> Int? {
        let letters = self.pending.withLockedValue { $0.letters }
        guard !letters.isEmpty else { return nil }
        var outcomes = await self.publisher.publish(letters.map { self.message($0, keepsAll: true) })
        for position in letters.indices {
            guard case .invalid = outcomes[position] else { continue }
            outcomes[position] = await self.publisher.publish([self.message(letters[position], keepsAll: false)])[0]
        }
        let confirmed = zip(letters, outcomes).filter { $0.1 == .confirmed }.map(\.0.delivery.tag)
        await self.settle(confirmed)
        Self.resume(self.pending.withLockedValue { $0.remove(Set(confirmed)) })
        return letters.count - confirmed.count
    }

    private func message(_ letter: DeadLetter, keepsAll: Bool) -> AMQPMessage {
        var random = SystemRandomNumberGenerator()
        return letter.message(
            from: self.queue,
            to: self.deadLetterQueue,
            missingID: String(random.next(), radix: 16),
            keepsAll: keepsAll
        )
    }
}

/// The unconfirmed letters, at most ``max``, and the calls that wait for room, in order. It does no I/O.
struct PendingLetters<Waiter: Sendable>: Sendable {
    static var max: Int { 100 }

    private(set) var letters: [DeadLetter] = []
    private(set) var waiting: [(letter: DeadLetter, waiter: Waiter)] = []

    /// Adds a letter, at once or when there is room.
    /// - Returns: the calls whose letters were added.
    mutating func add(_ letter: DeadLetter, waiter: Waiter) -> [Waiter] {
        let generation = letter.delivery.tag.generation
        // The messages of a closed channel are delivered again, so their letters are dropped.
        self.letters.removeAll { $0.delivery.tag.generation < generation }
        self.waiting.append((letter, waiter))
        return self.admit()
    }

    /// Removes the letters of these deliveries.
    /// - Returns: the calls whose letters were added in their place.
    mutating func remove(_ tags: Set<DeliveryTag>) -> [Waiter] {
        self.letters.removeAll { tags.contains($0.delivery.tag) }
        return self.admit()
    }

    /// Drops the waiting letter of a delivery.
    /// - Returns: its call; nil if the letter is not waiting.
    mutating func cancel(_ tag: DeliveryTag) -> Waiter? {
        self.waiting.firstIndex { $0.letter.delivery.tag == tag }.map { self.waiting.remove(at: $0).waiter }
    }

    private mutating func admit() -> [Waiter] {
        let admitted = self.waiting.prefix(Swift.max(0, Self.max - self.letters.count))
        self.waiting.removeFirst(admitted.count)
        self.letters += admitted.map(\.letter)
        return admitted.map(\.waiter)
    }
}

extension Delivery {
    /// The metadata of a message that may be logged. It holds no free text of the sender, which may be personal: `message_id` is included only
    /// if it is an entry's id. The letter itself always has it.
    package var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [:]
        if let id = self.properties.messageID.flatMap({ LancamentoID(parsing: $0) }) { metadata["message_id"] = "\(id)" }
        if let trace = self.traceparent.flatMap(Traceparent.init(parsing:)) { metadata["trace.id"] = "\(trace.traceID)" }
        return metadata
    }

    /// The header `traceparent` as received, valid or not.
    package var traceparent: String? { self.properties.headers?[AMQPNames.Header.traceparent]?.stringValue }
}

/// A message that can never be processed, with the reason, on its way to the dead-letter queue.
package struct DeadLetter: Sendable {
    let delivery: Delivery
    private let recusa: MessageRefusal
    private let recebidoEm: Instante

    package init(delivery: Delivery, recusa: MessageRefusal, recebidoEm: Instante) {
        self.delivery = delivery
        self.recusa = recusa
        self.recebidoEm = recebidoEm
    }

    /// AMQP's limit for the text of a property. A received text can grow past it, because invalid UTF-8 bytes are read as U+FFFD.
    private static let textBytesMax = 255

    /// The message to publish: the content, type, ids and headers as received, and the reason in added headers.
    ///
    /// Left out is what makes the broker refuse, expire or reroute it: `user_id` (kept as a header), `expiration`, `reply_to`, and the headers
    /// `CC` and `BCC`, by which RabbitMQ routes.
    /// - Parameters:
    ///   - queue: the queue that delivered the message.
    ///   - deadLetterQueue: the destination, by the default exchange.
    ///   - missingID: the message id if it has none. It identifies a returned message.
    ///   - keepsAll: false leaves out what cannot be sent: headers that leave no room for the reason, and texts that are too long.
    package func message(
        from queue: String,
        to deadLetterQueue: String,
        missingID: @autoclosure () -> String,
        keepsAll: Bool = true
    ) -> AMQPMessage {
        let original = self.delivery.properties
        var properties = AMQPProperties()
        func text(_ text: String?) -> String? { keepsAll ? text : text.flatMap { $0.utf8.count <= Self.textBytesMax ? $0 : nil } }
        properties.contentType = text(original.contentType)
        properties.type = text(original.type)
        properties.messageID = text(original.messageID) ?? missingID()
        properties.correlationID = text(original.correlationID)
        properties.timestamp = original.timestamp
        properties.appID = text(original.appID)
        properties.persistent = true
        properties.headers = self.headers(queue: queue, keepsAll: keepsAll)
        return AMQPMessage(exchange: "", routingKey: deadLetterQueue, properties: properties, body: self.delivery.body)
    }

    /// The reason, which says if the body is truncated.
    private var erro: String {
        guard self.delivery.isTruncated else { return self.recusa.erro }
        let (total, kept) = (self.delivery.bodyBytesTotal, self.delivery.body.count)
        return "\(self.recusa.erro) O corpo tinha \(total) bytes; só os primeiros \(kept) foram guardados."
    }

    private func headers(queue: String, keepsAll: Bool) -> AMQPTable {
        var headers = keepsAll ? self.delivery.properties.headers ?? [:] : [:]
        headers[AMQPNames.Header.carbonCopy] = nil
        headers[AMQPNames.Header.blindCarbonCopy] = nil
        headers[AMQPNames.Header.motivo] = .string(self.recusa.motivo.rawValue)
        headers[AMQPNames.Header.erro] = .string(self.erro)
        headers[AMQPNames.Header.recebidoEm] = .string(self.recebidoEm.description)
        headers[AMQPNames.Header.fila] = .string(queue)
        headers[AMQPNames.Header.chaveDeRoteamento] = .string(self.delivery.routingKey)
        headers[AMQPNames.Header.usuario] = self.delivery.properties.userID.map { .string($0) }
        return headers
    }
}
