/// Identifies a delivery by its number on its channel. It means nothing on a later channel.
public struct DeliveryTag: Sendable, Hashable, Comparable {
    /// Which channel of this consumer, counted over its whole life.
    public let generation: UInt64
    /// AMQP's delivery tag, from 1 on each channel.
    public let number: UInt64

    /// A tag, for tests of code that handles deliveries. A consumer makes its own.
    public init(generation: UInt64, number: UInt64) {
        self.generation = generation
        self.number = number
    }

    /// In the order of delivery.
    public static func < (left: Self, right: Self) -> Bool {
        (left.generation, left.number) < (right.generation, right.number)
    }
}

/// A message as it was delivered.
public struct Delivery: Sendable, Hashable {
    /// For ``BatchConsumer/settle(_:)``.
    public let tag: DeliveryTag
    /// Whether the broker delivered it before, to any consumer.
    public let redelivered: Bool
    /// The exchange that it was published to.
    public let exchange: String
    /// The key that it was published with. Bytes that are not UTF-8 are shown as U+FFFD.
    public let routingKey: String
    /// Its properties.
    public let properties: AMQPProperties
    /// Its content: all of it, unless ``isTruncated``.
    public let body: [UInt8]
    /// The content's length at the broker.
    public let bodyBytesTotal: UInt64

    /// Whether the content is longer than ``ConsumerSettings/bodyBytesMax`` and ``body`` is only its beginning.
    public var isTruncated: Bool { UInt64(self.body.count) < self.bodyBytesTotal }

    /// A delivery, for tests of code that handles deliveries. A consumer makes its own.
    public init(
        tag: DeliveryTag, redelivered: Bool, exchange: String, routingKey: String, properties: AMQPProperties, body: [UInt8],
        bodyBytesTotal: UInt64
    ) {
        self.tag = tag
        self.redelivered = redelivered
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
        self.bodyBytesTotal = bodyBytesTotal
    }
}

/// At least one delivery, in the order of arrival.
public struct DeliveryBatch: Sendable {
    /// Never empty.
    public let deliveries: [Delivery]

    /// A batch, for tests of code that handles deliveries. A consumer makes its own.
    public init(deliveries: [Delivery]) {
        self.deliveries = deliveries
    }

    /// The tags of all of them.
    public var tags: [DeliveryTag] { self.deliveries.map(\.tag) }
}
