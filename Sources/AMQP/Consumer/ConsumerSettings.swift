/// The limits of a ``BatchConsumer``. Memory is bounded by ``prefetchMessagesMax`` × ``bodyBytesMax``.
public struct ConsumerSettings: Sendable {
    /// How many unsettled messages the broker may send ahead; at least twice ``batchMessagesMax`` keeps the next batch ready. RabbitMQ's
    /// quorum queues count at most 2000.
    public var prefetchMessagesMax: UInt16 = 1000
    /// The largest batch.
    public var batchMessagesMax = 500
    /// How long a batch may grow after its first message while more keep coming.
    public var linger: Duration = .milliseconds(10)
    /// After a batch that was less than an eighth full nothing is handed out for so long, so that a trickle of messages becomes small batches:
    /// at least after one of a few messages, more the more it held. Only what follows closely upon another message waits.
    public var smallBatchPause: ClosedRange<Duration> = .zero ... .zero
    /// A longer content is cut off and shows in ``Delivery/isTruncated``.
    public var bodyBytesMax = 262_144
    /// How long a graceful shutdown waits for what was handed out to be settled.
    public var drainTimeout: Duration = .seconds(10)

    /// The defaults.
    public init() {}
}
