/// What went wrong between this process and the broker.
///
/// `description` names the kind, the broker's reply code and the AMQP method, never a name, key, address or text of a user:
/// it can be logged anywhere. The broker's text is in ``replyText``, which may hold names of queues, users and virtual hosts.
public struct AMQPError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of failure, by what a caller can do about them.
    public enum Kind: String, Sendable, Hashable {
        /// The URL or a setting cannot be used. A retry does not help.
        case invalidConfiguration
        /// A message cannot be put into AMQP's form: a text over 255 bytes, properties over the frame size, a body over the limit.
        case invalidMessage
        /// The host has no address, or did not answer in time.
        case unreachable
        /// The TLS handshake failed: the broker's certificate or this side's was refused, a file cannot be used, or the peer does not speak
        /// TLS. ``AMQPError/replyText`` says which. Nothing was sent in plain text.
        case tlsFailed
        /// The broker refused user, password or virtual host.
        case refused
        /// The broker closed the connection with a reason.
        case connectionClosed
        /// The broker closed the channel with a reason.
        case channelClosed
        /// The connection broke: reset, end of stream, or closed by this side because a write did not return.
        case connectionLost
        /// The broker was silent for twice the heartbeat interval.
        case heartbeatTimeout
        /// The broker did not answer a request, or did not confirm a message, in time.
        case timeout
        /// The broker sent something that is not AMQP 0-9-1, or not in order.
        case protocolViolation
        /// `run()` was called a second time.
        case alreadyRunning
    }

    /// What kind of failure it is.
    public var kind: Kind
    /// AMQP's reply code (AMQP 0-9-1, section 1.2; 403 access refused, 404 not found, 406 precondition failed, …), if the broker gave one.
    public var replyCode: UInt16?
    /// The broker's text, or the library's. May name queues, users and virtual hosts.
    public var replyText: String
    /// Class of the method that the broker objects to (60 = basic, 50 = queue, …); 0 if none.
    public var classID: UInt16
    /// Number of that method within its class; 0 if none.
    public var methodID: UInt16

    /// An error of a kind; what a broker adds to it is optional.
    public init(_ kind: Kind, replyCode: UInt16? = nil, replyText: String = "", classID: UInt16 = 0, methodID: UInt16 = 0) {
        self.kind = kind
        self.replyCode = replyCode
        self.replyText = replyText
        self.classID = classID
        self.methodID = methodID
    }

    /// Whether a retry may succeed without a change on this side.
    public var isRetriable: Bool {
        switch self.kind {
        case .invalidConfiguration, .invalidMessage, .alreadyRunning: false
        case .refused, .channelClosed:
            // 311 content too large, 402/403 rights, 406 other arguments, 530 not allowed: these persist until they are fixed.
            switch self.replyCode {
            case 311, 402, 403, 406, 530: false
            default: true
            }
        // Certificates of both sides are renewed while they run.
        case .unreachable, .tlsFailed, .connectionClosed, .connectionLost, .heartbeatTimeout, .timeout, .protocolViolation: true
        }
    }

    /// Kind, reply code and method; free of user data.
    public var description: String {
        var text = "AMQP: \(self.kind.rawValue)"
        if let replyCode { text += ", reply code \(replyCode)" }
        if self.classID != 0 { text += ", method \(self.classID).\(self.methodID)" }
        return text
    }
}
