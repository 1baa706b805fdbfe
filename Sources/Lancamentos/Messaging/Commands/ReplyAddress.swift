import Contrato

/// Where the answer to a command may go: nowhere that is ours, and to no queue of another user.
///
/// Answers go through the default exchange, which routes to the queue of that name, so the name is all that there is to check.
enum ReplyAddress: Equatable {
    /// Direct reply-to, as the broker has rewritten it: the answer goes straight to the channel that asked.
    case direct(String)
    /// A queue.
    case queue(String)

    /// - Parameters:
    ///   - replyTo: the property of a command.
    ///   - user: its `user_id`, which the broker has compared with the sender's own name.
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

    /// `respostas.<user>.<name>`, the name without a dot: what the user's rights let him declare. Users may have dots in their names.
    private static func isOwn(_ name: String.UTF8View, user: String?) -> Bool {
        guard let user, !user.isEmpty else { return false }
        let prefix = "\(AMQPNames.Queue.replyPrefix)\(user).".utf8
        guard name.starts(with: prefix) else { return false }
        let own = name.dropFirst(prefix.count)
        return !own.isEmpty && !own.contains(UInt8(ascii: "."))
    }
}
