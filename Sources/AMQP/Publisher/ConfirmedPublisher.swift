public import Logging
import NIOConcurrencyHelpers
public import ServiceLifecycle

/// A publisher that knows of every message what became of it.
///
/// It has a connection of its own, with one channel in confirm mode, and connects again for ever, over all endpoints. At each connect, and
/// at intervals after, it declares its topology. While the broker blocks publishers (memory or disk alarm) it sends nothing at all and
/// waits.
///
/// Run it once, as a service; use it from any number of tasks.
public final class ConfirmedPublisher: Service, Sendable {
    private let session: PublisherSession
    private let watchdog = SendWatchdog()

    /// - Parameters:
    ///   - configuration: has at least one endpoint.
    ///   - topology: is declared at each connect and every ``PublisherSettings/redeclareInterval``.
    ///   - observer: is told about the connection; on the publisher's own thread.
    public init(
        configuration: AMQPConfiguration, topology: AMQPTopology, settings: PublisherSettings = PublisherSettings(), logger: Logger,
        observer: (any PublisherObserver)? = nil
    ) {
        precondition(!configuration.endpoints.isEmpty, "a configuration needs at least one endpoint")
        precondition(settings.windowMessagesMax > 0 && settings.burstMessagesMax > 0, "a window and a burst are at least 1")
        self.session = PublisherSession(
            configuration: configuration, topology: topology, settings: settings, logger: logger, observer: observer,
            watchdog: self.watchdog
        )
    }

    /// Whether a message would be sent now: connected, declared, not blocked.
    public var isReady: Bool { self.session.ready.withLockedValue { $0 } }

    /// Connects and serves until graceful shutdown, then refuses new messages, waits up to ``PublisherSettings/drainTimeout`` for confirms
    /// that are out, closes and returns. Failures of the broker never end it. If its task is cancelled it closes at once.
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

    /// Publishes messages and tells the outcome of each, in their order.
    ///
    /// They are written in this order; calls that overlap may interleave. Suspends until every outcome is known. While there is no
    /// connection, or the broker blocks, messages wait until they can be sent, or until the deadline or the cancellation of the calling
    /// task: then those that were not sent are ``PublishOutcome/notSent``. After cancellation those that were sent are
    /// ``PublishOutcome/unknown``; after the deadline they are still waited for. A deadline may be passed by up to twice the connect
    /// timeout while a connection is being made.
    ///
    /// - Parameters:
    ///   - messages: a mandatory one needs a ``AMQPProperties/messageID``, by which its return is found.
    ///   - deadline: until when sending may begin; nil waits without limit.
    /// - Returns: one outcome per message.
    public func publish(_ messages: [AMQPMessage], deadline: ContinuousClock.Instant? = nil) async -> [PublishOutcome] {
        await self.session.publish(messages, deadline: deadline)
    }
}
