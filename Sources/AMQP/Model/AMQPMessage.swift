/// A message to publish.
public struct AMQPMessage: Sendable, Hashable {
    /// The exchange; empty is the default exchange, which routes by queue name.
    public var exchange: String
    /// At most 255 bytes.
    public var routingKey: String
    /// Asks the broker to return the message if no queue takes it; needs ``AMQPProperties/messageID``.
    public var mandatory: Bool
    /// The properties.
    public var properties: AMQPProperties
    /// The content.
    public var body: [UInt8]

    /// A message; mandatory unless told otherwise.
    public init(exchange: String, routingKey: String, mandatory: Bool = true, properties: AMQPProperties, body: [UInt8]) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.mandatory = mandatory
        self.properties = properties
        self.body = body
    }
}
