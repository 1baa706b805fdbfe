/// A message to publish.
public struct AMQPMessage: Sendable, Hashable {
    /// The exchange; empty is the default exchange, which routes by queue name.
    public var exchange: String
    /// At most 255 bytes.
    public var routingKey: String
    /// Asks the broker to return the message if no queue accepts it; needs ``AMQPProperties/messageID``.
    public var mandatory: Bool
    /// The properties.
    public var properties: AMQPProperties
    /// The content.
    public var body: [UInt8]

    /// A message; mandatory by default.
    public init(exchange: String, routingKey: String, mandatory: Bool = true, properties: AMQPProperties, body: [UInt8]) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.mandatory = mandatory
        self.properties = properties
        self.body = body
    }
}

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
    /// Which request this answers.
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
