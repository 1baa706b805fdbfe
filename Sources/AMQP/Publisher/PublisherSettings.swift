/// The limits of a ``ConfirmedPublisher``.
public struct PublisherSettings: Sendable {
    /// How many messages may be sent and not yet confirmed.
    public var windowMessagesMax = 1000
    /// How many are written in one go before incoming frames are looked at.
    public var burstMessagesMax = 64
    /// After a burst that was less than a quarter full nothing is sent for so long, so that a trickle of messages becomes small bursts. Only what
    /// follows closely upon another message waits.
    public var smallBurstPause: Duration = .zero
    /// How many may wait to be sent, over all callers; what comes on top is ``PublishOutcome/notSent`` at once.
    public var pendingMessagesMax = 10_000
    /// A longer content is refused as ``PublishOutcome/invalid(_:)``. RabbitMQ 4 takes at most 16 MiB unless configured.
    public var bodyBytesMax = 16_777_216
    /// A message that is unconfirmed for longer, while the broker does not block, ends the connection; its outcome is unknown.
    public var confirmTimeout: Duration = .seconds(30)
    /// How often the topology is declared again, so that a binding which somebody removed is back.
    public var redeclareInterval: Duration = .seconds(10)
    /// How long a graceful shutdown waits for confirms that are still out.
    public var drainTimeout: Duration = .seconds(10)

    /// The defaults.
    public init() {}
}
