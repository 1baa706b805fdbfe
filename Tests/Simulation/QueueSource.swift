import AMQP
import Mensageria
import ServiceLifecycle

/// The consumer's connection of one process: channels that open and close, a prefetch, batches.
final class QueueSource: DeliverySource, @unchecked Sendable {
    private static let settleMax: Duration = .seconds(5)
    private static let poll: Duration = .milliseconds(20)

    private let broker: Broker
    private let life: Life
    private let prefetch: Int
    private let batchMax: Int
    private var generation: UInt64 = 0
    private var nextNumber: UInt64 = 1
    private var isSuspended = false
    private var isClosing = false
    /// Messages that no longer count against the prefetch.
    private var room = 0

    init(broker: Broker, life: Life, prefetch: Int, batchMax: Int) {
        self.broker = broker
        self.life = life
        self.prefetch = prefetch
        self.batchMax = batchMax
    }

    private var channel: String { "\(self.life)/\(self.generation)" }

    private var receives: Bool { self.life.isAlive && !self.isClosing && !Task.isCancelled }

    func run() async throws {
        try? await gracefulShutdown()
        self.isClosing = true
        self.broker.changed()
        var waited: Duration = .zero
        while self.life.isAlive, !Task.isCancelled, self.broker.unsettled(self.channel) > 0, waited < Self.settleMax {
            await self.broker.runtime.pause(Self.poll)
            waited += Self.poll
        }
        self.loseChannel()
    }

    func nextBatch() async -> DeliveryBatch? {
        while self.receives {
            if !self.isSuspended, self.broker.isUp {
                self.openChannel()
                let batch = self.takeBatch()
                if !batch.isEmpty { return DeliveryBatch(deliveries: batch) }
            }
            await self.broker.change()
        }
        return nil
    }

    private func openChannel() {
        guard self.generation == 0 || !self.broker.isOpen(self.channel) else { return }
        self.generation += 1
        self.nextNumber = 1
        self.room = 0
        self.broker.open(self.channel)
    }

    private func takeBatch() -> [Delivery] {
        var batch: [Delivery] = []
        let wanted = self.broker.dice.number(1...self.batchMax)
        while batch.count < wanted, self.broker.unsettled(self.channel) < self.prefetch + self.room,
            let queued = self.broker.deliver(self.channel, as: self.nextNumber)
        {
            let tag = DeliveryTag(generation: self.generation, number: self.nextNumber)
            self.nextNumber += 1
            let message = queued.message
            batch.append(
                Delivery(
                    tag: tag, redelivered: queued.redelivered, exchange: message.exchange, routingKey: message.routingKey,
                    properties: message.properties, body: message.body, bodyBytesTotal: UInt64(message.body.count)))
        }
        return batch
    }

    func settle(_ tags: [DeliveryTag]) async {
        guard self.life.isAlive else { return }
        await self.broker.runtime.pause(self.broker.dice.duration(.microseconds(20), .milliseconds(1)))
        guard self.broker.isUp else { return }
        for tag in tags where tag.generation == self.generation { self.broker.settle(self.channel, tag.number) }
    }

    func makeRoom() async { self.room = self.broker.unsettled(self.channel) }

    func suspendConsuming() async {
        guard self.life.isAlive else { return }
        self.isSuspended = true
        self.loseChannel()
    }

    func resumeConsuming() async {
        self.isSuspended = false
        self.broker.changed()
    }

    /// The channel ends. Its messages are delivered again.
    func loseChannel() { self.broker.close(self.channel) }
}
