import AMQP
import Contrato
import FluxoDeCaixa
import Foundation
package import Logging
package import Mensageria
import Metrics
import NIOConcurrencyHelpers

/// The answer to a command: the answer of REST, with its status in a header.
struct CommandReply: Sendable {
    /// `application/json`, `application/problem+json`.
    private let contentType: String
    private let status: Int
    private let body: [UInt8]
    /// The message id: a new UUID as text, which identifies a returned answer. For a refusal it is also the `instance`.
    private let id: String

    init(_ resultado: RegistrationOutcome, id: String) {
        self.id = id
        self.contentType = AMQPNames.ContentType.json
        switch resultado {
        case .criado(let lancamento):
            self.status = 201
            self.body = LancamentoJSON.encode(lancamento)
        case .repetido(let lancamento):
            self.status = 200
            self.body = LancamentoJSON.encode(lancamento)
        }
    }

    init(_ problema: Problema, urlPublica: String, id: String) {
        self.id = id
        self.contentType = AMQPNames.ContentType.problema
        self.status = problema.nome.status
        self.body = problema.json(urlPublica: urlPublica, requestID: id)
    }

    /// The message. The correlation id is the only part of it that the sender chose.
    ///
    /// It is mandatory only for queues: some versions of RabbitMQ return a message to direct reply-to even when it is delivered, others never.
    func message(to address: ReplyAddress, correlationID: String, agora: Instante) -> AMQPMessage {
        var properties = AMQPProperties()
        properties.contentType = self.contentType
        properties.correlationID = correlationID
        properties.messageID = self.id
        properties.appID = AMQPNames.AppID.lancamentos
        properties.timestamp = UInt64(max(0, agora.milissegundos / 1000))
        properties.headers = [AMQPNames.Header.status: .int32(Int32(self.status))]
        var mandatory = false
        if case .queue = address {
            mandatory = true
            properties.persistent = true
        }
        return AMQPMessage(
            exchange: "", routingKey: address.routingKey, mandatory: mandatory, properties: properties, body: self.body
        )
    }
}

/// An allowed address for the answer to a command: none of our queues and no queue of another user.
///
/// Answers go through the default exchange, which routes to the queue with that name, so the name is the only thing to check.
enum ReplyAddress: Equatable {
    /// Direct reply-to, as rewritten by the broker: the answer goes directly to the sender's channel.
    case direct(String)
    case queue(String)

    /// - Parameters:
    ///   - replyTo: the property `reply_to` of a command.
    ///   - user: its `user_id`, which the broker has verified.
    init?(_ replyTo: String, user: String?) {
        let name = replyTo.utf8
        if name.starts(with: AMQPNames.Queue.directReplyPrefix.utf8) {
            guard DirectReplyToken.isValid(replyTo.utf8.dropFirst(AMQPNames.Queue.directReplyPrefix.utf8.count)) else { return nil }
            self = .direct(replyTo)
            return
        }
        guard Self.isServerNamed(name) || Self.isOwn(name, user: user) else { return nil }
        self = .queue(replyTo)
    }

    /// The routing key on the default exchange.
    var routingKey: String {
        switch self {
        case .direct(let name), .queue(let name): name
        }
    }

    private static func isServerNamed(_ name: String.UTF8View) -> Bool {
        let prefix = AMQPNames.Queue.serverNamedPrefix.utf8
        return name.starts(with: prefix) && name.count > prefix.count
    }

    /// Whether it is `respostas.<user>.<name>` with no dot in `<name>`: the queues that the user may declare. User names may contain dots.
    private static func isOwn(_ name: String.UTF8View, user: String?) -> Bool {
        guard let user, !user.isEmpty else { return false }
        let prefix = "\(AMQPNames.Queue.replyPrefix)\(user).".utf8
        guard name.starts(with: prefix) else { return false }
        let own = name.dropFirst(prefix.count)
        return !own.isEmpty && !own.contains(UInt8(ascii: "."))
    }
}

/// The part after `amq.rabbitmq.reply-to.` in a `reply_to` that the broker has rewritten: `<process>.<key>`, both in base64.
///
/// The broker passes on a forged name unchanged and decodes it without checks when it is replied to. On RabbitMQ 3.10, base64 of anything but
/// a process closes the replying channel, which carries the answers to all senders. So only tokens in the broker's own form are accepted
/// (`rabbit_direct_reply_to`, `pid_recomposition`: the process is a pid in Erlang's external term format,
/// https://www.erlang.org/doc/apps/erts/erl_ext_dist, `NEW_PID_EXT` or `PID_EXT`).
enum DirectReplyToken {
    private static let version: UInt8 = 131
    private static let newPid: UInt8 = 88
    private static let pid: UInt8 = 103
    /// Kinds of atoms by the width of their length in bytes.
    private static let atomLengthBytes: [UInt8: Int] = [100: 2, 118: 2, 115: 1, 119: 1]
    private static let keyBytes = 16...64

    static func isValid(_ token: some Collection<UInt8>) -> Bool {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let process = Data(base64Encoded: Data(parts[0])), let key = Data(base64Encoded: Data(parts[1])) else {
            return false
        }
        return self.isPid(Array(process)) && self.keyBytes.contains(key.count)
    }

    private static func isPid(_ term: [UInt8]) -> Bool {
        guard term.count > 3, term[0] == self.version, let lengthBytes = self.atomLengthBytes[term[2]] else { return false }
        // The id and the serial have four bytes each; the creation follows.
        let numbersBytes: Int
        switch term[1] {
        case self.newPid: numbersBytes = 12
        case self.pid: numbersBytes = 9
        default: return false
        }
        let nameStart = 3 + lengthBytes
        guard term.count > nameStart else { return false }
        let nameBytes = term[3..<nameStart].reduce(0) { $0 << 8 | Int($1) }
        // An atom has at most 255 characters. A node's name contains @ and is ASCII here.
        guard (3...255).contains(nameBytes), term.count == nameStart + nameBytes + numbersBytes else { return false }
        let name = term[nameStart..<(nameStart + nameBytes)]
        return name.contains(UInt8(ascii: "@")) && name.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

/// Sends answers until the outcome of each is known, and drops those that cannot be delivered.
package struct ReplySender: Sendable {
    enum Fate: Equatable {
        /// It was delivered to its address.
        case answered
        /// It cannot be delivered: the queue is missing or full, or sending to it closes the connection.
        case unanswerable
        /// The process ends before the outcome is known.
        case unknown
    }

    /// The attempts of a single answer that may lose the connection before it is dropped.
    static let attemptsMax = 3

    private let publisher: any MessagePublisher
    private let logger: Logger
    private let refusedAddresses = NIOLockedValueBox(RefusedAddresses())
    private let answered = Counter(label: "command_replies_total", dimensions: [("outcome", "answered")])
    private let unanswerable = Counter(label: "command_replies_total", dimensions: [("outcome", "unanswerable")])

    /// - Parameter publisher: used for answers only, so that an answer that closes the connection does not affect events and dead letters.
    package init(publisher: any MessagePublisher, logger: Logger) {
        self.publisher = publisher
        self.logger = logger
    }

    /// Returns once the outcome of each is known. Waits while there is no broker.
    func send(_ messages: [AMQPMessage]) async -> [Fate] {
        guard !messages.isEmpty else { return [] }
        var fates = await self.publisher.publish(messages).map(Self.fate)
        // One by one, because one of them may have closed the connection. An address that failed is not tried again in the same batch: each
        // attempt can take as long as the limit for a confirm, and all other commands wait for it.
        var givenUp: Set<String> = []
        for position in fates.indices where fates[position] == .unknown {
            let address = messages[position].routingKey
            if givenUp.contains(address) {
                fates[position] = .unanswerable
            } else if let fate = await self.sendAlone(messages[position]) {
                fates[position] = fate
            } else {
                self.logger.warning("an answer closes the connection to the broker or is never confirmed, and is dropped")
                givenUp.insert(address)
                fates[position] = .unanswerable
            }
        }
        self.count(fates)
        return fates
    }

    /// Counts an answer that is not sent, because its address is not allowed for its user, and logs it once a minute and user.
    /// - Parameter user: the sender; nil if the message has none, without which no queue of a user's own is allowed.
    func refusedAddress(of user: String?) {
        self.unanswerable.increment()
        guard self.refusedAddresses.withLockedValue({ $0.isDue(user, now: .now) }) else { return }
        // The address itself is the sender's text.
        self.logger.warning(
            "a command asks for its answer at an address that is not allowed for its user_id", metadata: ["user": "\(user ?? "-")"])
    }

    /// - Returns: nil if no attempt had an outcome.
    private func sendAlone(_ message: AMQPMessage) async -> Fate? {
        for _ in 0..<Self.attemptsMax {
            let outcome = await self.publisher.publish([message])[0]
            // Without a deadline only a shutdown keeps a message from being sent.
            if outcome != .unknown || Task.isCancelled { return Self.fate(outcome) }
        }
        return nil
    }

    private static func fate(_ outcome: PublishOutcome) -> Fate {
        switch outcome {
        case .confirmed: .answered
        case .returned, .rejected, .invalid: .unanswerable
        case .unknown, .notSent: .unknown
        }
    }

    private func count(_ fates: [Fate]) {
        self.answered.increment(by: fates.count { $0 == .answered })
        self.unanswerable.increment(by: fates.count { $0 == .unanswerable })
    }
}

/// Limits the lines about addresses that are not allowed to one a minute and user. It does no I/O.
struct RefusedAddresses: Sendable {
    /// The users that are remembered. Of more users in a minute the further ones are not logged.
    static let usersMax = 1000
    private static let interval: Duration = .seconds(60)

    private var next: [String?: ContinuousClock.Instant] = [:]

    /// Whether a line about the user is due, which counts as written.
    mutating func isDue(_ user: String?, now: ContinuousClock.Instant) -> Bool {
        if let next = self.next[user], now < next { return false }
        if self.next.count >= Self.usersMax {
            self.next = self.next.filter { now < $0.value }
            guard self.next.count < Self.usersMax else { return false }
        }
        self.next[user] = now + Self.interval
        return true
    }
}
