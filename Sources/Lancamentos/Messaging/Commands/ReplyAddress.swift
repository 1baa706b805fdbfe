import Contrato
import Foundation

/// An allowed address for the answer to a command: none of our queues and no queue of another user.
///
/// Answers go through the default exchange, which routes to the queue with that name, so the name is the only thing to check.
enum ReplyAddress: Equatable {
    /// Direct reply-to, as rewritten by the broker: the answer goes directly to the sender's channel.
    case direct(String)
    /// A queue.
    case queue(String)

    /// - Parameters:
    ///   - replyTo: the property `reply_to` of a command.
    ///   - user: its `user_id`, which the broker has verified.
    init?(_ replyTo: String?, user: String?) {
        guard let replyTo else { return nil }
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
