/// What a publisher or consumer needs on the broker and declares itself: exchanges, then queues, then bindings, in order.
///
/// Declaring what exists with the same arguments changes nothing; with other arguments the broker closes the channel (406).
public struct AMQPTopology: Sendable, Hashable {
    /// An exchange.
    public struct Exchange: Sendable, Hashable {
        /// The kinds that every RabbitMQ has.
        public enum Kind: String, Sendable, Hashable {
            /// By the exact routing key.
            case direct
            /// To every queue bound.
            case fanout
            /// By patterns of words.
            case topic
            /// By headers.
            case headers
        }

        /// At most 255 bytes.
        public var name: String
        /// How it routes.
        public var kind: Kind
        /// Whether it outlives the broker's restart.
        public var durable: Bool
        /// Whether it goes away with its last binding.
        public var autoDelete: Bool

        /// An exchange; durable by default.
        public init(name: String, kind: Kind, durable: Bool = true, autoDelete: Bool = false) {
            self.name = name
            self.kind = kind
            self.durable = durable
            self.autoDelete = autoDelete
        }
    }

    /// A queue.
    public struct Queue: Sendable, Hashable {
        /// At most 255 bytes.
        public var name: String
        /// Whether it outlives the broker's restart.
        public var durable: Bool
        /// Whether it belongs to the connection that declares it.
        public var exclusive: Bool
        /// Whether it goes away with its last consumer.
        public var autoDelete: Bool
        /// `x-queue-type` and the like. Fixed for the queue's life.
        public var arguments: AMQPTable

        /// A queue; durable by default.
        public init(name: String, durable: Bool = true, exclusive: Bool = false, autoDelete: Bool = false, arguments: AMQPTable = [:]) {
            self.name = name
            self.durable = durable
            self.exclusive = exclusive
            self.autoDelete = autoDelete
            self.arguments = arguments
        }
    }

    /// A queue bound to an exchange.
    public struct Binding: Sendable, Hashable {
        /// The queue that receives.
        public var queue: String
        /// The exchange that routes.
        public var exchange: String
        /// The key or pattern.
        public var routingKey: String

        /// A binding.
        public init(queue: String, exchange: String, routingKey: String) {
            self.queue = queue
            self.exchange = exchange
            self.routingKey = routingKey
        }
    }

    /// Declared first.
    public var exchanges: [Exchange]
    /// Declared second.
    public var queues: [Queue]
    /// Made last.
    public var bindings: [Binding]

    /// A topology; empty declares nothing.
    public init(exchanges: [Exchange] = [], queues: [Queue] = [], bindings: [Binding] = []) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
    }
}
