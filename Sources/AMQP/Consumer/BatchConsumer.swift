public import Logging
import NIOConcurrencyHelpers
public import ServiceLifecycle

/// A consumer that is asked for batches and told what is done.
///
/// It has a connection of its own, with one channel, and connects again for ever, over all endpoints. Nothing is acknowledged that was not
/// settled, so every message is delivered at least once: what was not settled when a channel or connection ended comes again, to this
/// consumer or another. Heartbeats keep flowing however long its user takes.
///
/// Run it once, as a service; use it from any number of tasks.
public final class BatchConsumer: Service, Sendable {
    private let session: ConsumerSession
    private let watchdog = SendWatchdog()

    /// - Parameters:
    ///   - configuration: has at least one endpoint.
    ///   - topology: is declared each time before consuming begins.
    ///   - queue: is consumed with acknowledgements, not exclusively.
    public init(
        configuration: AMQPConfiguration, topology: AMQPTopology, queue: String, settings: ConsumerSettings = ConsumerSettings(),
        logger: Logger
    ) {
        precondition(!configuration.endpoints.isEmpty, "a configuration needs at least one endpoint")
        precondition(settings.batchMessagesMax > 0 && settings.prefetchMessagesMax > 0, "a batch and the prefetch are at least 1")
        self.session = ConsumerSession(
            configuration: configuration, topology: topology, queue: queue, settings: settings, logger: logger, watchdog: self.watchdog
        )
    }

    /// Whether the broker is delivering: connected and consuming.
    public var isConsuming: Bool { self.session.consuming.withLockedValue { $0 } }

    /// Connects and consumes until graceful shutdown, then takes nothing more, waits up to ``ConsumerSettings/drainTimeout`` until what was
    /// handed out is settled, acknowledges it, closes and returns. Failures of the broker never end it. If its task is cancelled it closes
    /// at once.
    /// - Throws: ``AMQPError/Kind/alreadyRunning`` on a second call.
    public func run() async throws {
        // Ends with this scope.
        async let _: Void = self.watchdog.run()
        try await withGracefulShutdownHandler {
            try await self.session.run()
        } onGracefulShutdown: {
            // The handler must not wait: the session is told by a job of its own, and run() ends when it has finished.
            Task { await self.session.stop() }
        }
    }

    /// The next batch: waits until there is a message, then returns when the batch is full, when ``ConsumerSettings/linger`` has passed
    /// since its first message, or when no more has arrived.
    ///
    /// Several tasks may ask; each message goes to one of them.
    /// - Returns: nil once shutdown has begun, or if the calling task is cancelled.
    public func nextBatch() async -> DeliveryBatch? {
        await self.session.nextBatch()
    }

    /// Tells that these deliveries are done with; the broker is told soon after.
    ///
    /// Unknown tags, tags settled before and tags of an earlier channel are ignored: the broker delivers those messages again.
    public func settle(_ tags: [DeliveryTag]) async {
        await self.session.settle(tags)
    }

    /// Stops consuming until ``resumeConsuming()``: acknowledges what is settled and closes the channel, so that everything else goes back
    /// to the queue. The connection stays. Returns when the channel is closed.
    public func suspendConsuming() async {
        await self.session.suspendConsuming()
    }

    /// Consumes again after ``suspendConsuming()``.
    public func resumeConsuming() async {
        await self.session.resumeConsuming()
    }
}
