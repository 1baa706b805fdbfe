package import AMQP
import Mensageria

/// A queue in memory that behaves like the broker: messages that are unsettled when consumption is suspended are delivered again on a new
/// channel with new tags, and a tag of an earlier channel settles nothing.
package actor FakeSource: DeliverySource {
    private var batches: [[Delivery]]
    private var unsettled: [DeliveryTag: Delivery] = [:]
    private let total: Int
    private let isHandled: @Sendable (Delivery) async -> Bool
    private var generation: UInt64 = 1
    private var isSuspended = false
    private var waiters: [CheckedContinuation<Void, Never>] = []
    /// The numbers of the settled messages, in order.
    package private(set) var settled: [UInt64] = []
    /// The numbers of messages that were settled before they were handled.
    package private(set) var settledBeforeHandled: [UInt64] = []
    package private(set) var lateTags: [DeliveryTag] = []
    package private(set) var suspensions = 0
    package private(set) var resumptions = 0
    package private(set) var rooms = 0

    /// - Parameter isHandled: whether a message may be settled. Called when it is.
    package init(_ batches: [[Delivery]], isHandled: @escaping @Sendable (Delivery) async -> Bool) {
        self.batches = batches
        self.total = batches.reduce(0) { $0 + $1.count }
        self.isHandled = isHandled
    }

    /// Returns once everything is settled, like a shutdown that waits for it.
    package func run() async throws {
        while self.settled.count < self.total, !Task.isCancelled { await self.waitForChange() }
    }

    package func nextBatch() async -> DeliveryBatch? {
        while self.batches.isEmpty || self.isSuspended {
            if self.settled.count == self.total || Task.isCancelled { return nil }
            await self.waitForChange()
        }
        let batch = self.batches.removeFirst().map { self.onThisChannel($0) }
        for delivery in batch { self.unsettled[delivery.tag] = delivery }
        return DeliveryBatch(deliveries: batch)
    }

    package func settle(_ tags: [DeliveryTag]) async {
        for tag in tags {
            guard let delivery = self.unsettled.removeValue(forKey: tag) else {
                self.lateTags.append(tag)
                continue
            }
            self.settled.append(tag.number)
            if await !self.isHandled(delivery) { self.settledBeforeHandled.append(tag.number) }
        }
        self.wake()
    }

    package func makeRoom() async { self.rooms += 1 }

    package func suspendConsuming() async {
        self.suspensions += 1
        self.isSuspended = true
        self.generation += 1
        if !self.unsettled.isEmpty { self.batches.insert(self.unsettled.values.sorted { $0.tag < $1.tag }, at: 0) }
        self.unsettled.removeAll()
    }

    package func resumeConsuming() async {
        self.resumptions += 1
        self.isSuspended = false
        self.wake()
    }

    private func onThisChannel(_ delivery: Delivery) -> Delivery {
        Delivery(
            tag: DeliveryTag(generation: self.generation, number: delivery.tag.number), redelivered: self.generation > 1,
            exchange: delivery.exchange, routingKey: delivery.routingKey, properties: delivery.properties, body: delivery.body,
            bodyBytesTotal: delivery.bodyBytesTotal
        )
    }

    /// Ends with its task too, so that a time limit ends a test in which a message never arrives.
    private func waitForChange() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                if Task.isCancelled { waiter.resume() } else { self.waiters.append(waiter) }
            }
        } onCancel: {
            Task { await self.wake() }
        }
    }

    private func wake() {
        for waiter in self.waiters { waiter.resume() }
        self.waiters.removeAll()
    }
}
