/// The properties of a message (AMQP 0-9-1, class basic). All are optional.
///
/// Texts are at most 255 bytes of UTF-8 when sent. In what was received, bytes that are not UTF-8 are shown as U+FFFD.
public struct AMQPProperties: Sendable, Hashable {
    /// MIME type of the body.
    public var contentType: String?
    /// MIME encoding of the body.
    public var contentEncoding: String?
    /// The application's headers; RabbitMQ routes by `CC` and `BCC` and adds `x-…`.
    public var headers: AMQPTable?
    /// Delivery mode: true = 2, kept on disk; false = 1.
    public var persistent: Bool?
    /// 0–9.
    public var priority: UInt8?
    /// What an answer refers to.
    public var correlationID: String?
    /// The queue for an answer.
    public var replyTo: String?
    /// Time to live in milliseconds, in decimal digits.
    public var expiration: String?
    /// The message's own id. A returned message is found by it.
    public var messageID: String?
    /// Seconds since 1970.
    public var timestamp: UInt64?
    /// The kind of message.
    public var type: String?
    /// RabbitMQ accepts only the connection's own user here.
    public var userID: String?
    /// The sending application.
    public var appID: String?

    /// Properties of which none is set.
    public init() {}
}
