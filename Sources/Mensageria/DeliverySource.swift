package import AMQP

/// Where messages come from and are settled.
package protocol DeliverySource: Sendable {
    /// Receives until graceful shutdown; then ends the batches and waits for what was handed out to be settled.
    func run() async throws

    /// The next messages; nil after shutdown.
    func nextBatch() async -> DeliveryBatch?

    /// Tells the broker that these are done with.
    func settle(_ tags: [DeliveryTag]) async

    /// Stops receiving; what is not settled goes back to the queue.
    func suspendConsuming() async

    /// Receives again.
    func resumeConsuming() async
}

extension BatchConsumer: DeliverySource {}
