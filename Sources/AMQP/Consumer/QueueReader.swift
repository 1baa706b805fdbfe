import SocketExecutor

/// Reads the messages of a queue one by one, in order, for tools that look at a queue and remove some of its messages.
///
/// It has a connection of its own and does not reconnect. A message that was read stays out of the queue until it is removed or the reader is
/// closed, and a reader that ends puts back every message that it did not remove. So one pass reads each message once, however many there
/// are, and holds one in memory.
public actor QueueReader {
    /// The reader's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { self.thread.executor.asUnownedSerialExecutor() }

    private nonisolated let thread: BrokerThread
    private let queue: String
    private var link: BrokerLink?
    private static let closeTimeout: Duration = .seconds(2)

    /// How many messages the queue had left after the last one that was read.
    public private(set) var messagesLeft: UInt32 = 0

    /// Runs the closure with a reader, which is closed afterwards, however the closure ends.
    /// - Parameters:
    ///   - configuration: has at least one endpoint.
    ///   - queue: must exist; it is not declared.
    ///   - bodyBytesMax: a longer content is cut off, which ``Delivery/isTruncated`` reports.
    /// - Throws: what the closure throws.
    public nonisolated static func with(
        configuration: AMQPConfiguration, queue: String, bodyBytesMax: Int, _ body: (QueueReader) async throws -> Void
    ) async throws {
        // Not generic over a result: Swift 6.3.1 then fails with "circular reference" when it optimizes across modules.
        let reader = QueueReader(configuration: configuration, queue: queue, bodyBytesMax: bodyBytesMax)
        // Ends with this scope.
        async let _: Void = reader.thread.watchdog.run()
        do {
            try await body(reader)
            await reader.close()
        } catch {
            await reader.close()
            throw error
        }
    }

    private init(configuration: AMQPConfiguration, queue: String, bodyBytesMax: Int) {
        self.thread = BrokerThread(name: "amqp-read", configuration: configuration, bodyBytesMax: bodyBytesMax)
        self.queue = queue
    }

    isolated deinit { self.thread.executor.stop() }

    /// The next message; nil if the queue has no more.
    ///
    /// Connects at the first call, to the first endpoint that answers.
    /// - Throws: ``AMQPError``. The reader cannot be used any more then.
    public func next() async throws(AMQPError) -> Delivery? {
        let link = try await self.connected()
        link.request([.get(queue: self.queue)])
        switch try await self.event(of: link) {
        case .content(.delivery(let method, let properties, let body, let total)):
            self.messagesLeft = method.messagesLeft ?? 0
            return Delivery(
                tag: DeliveryTag(generation: 1, number: method.number), redelivered: method.redelivered, exchange: method.exchange,
                routingKey: method.routingKey, properties: properties, body: body, bodyBytesTotal: total)
        case .answered(.get): return nil
        default: throw AMQPError(.protocolViolation, replyText: "an answer that was not asked for")
        }
    }

    /// Removes a message from the queue.
    /// - Throws: ``AMQPError`` if the message may still be there.
    public func remove(_ tag: DeliveryTag) throws(AMQPError) {
        guard let link else { throw AMQPError(.connectionLost, replyText: "the reader is closed") }
        link.write([AckLedger.Ack(number: tag.number, multiple: false)])
        try link.flush()
    }

    /// Ends the connection, after the broker has read every removal. The messages that were not removed go back to the queue.
    private func close() async {
        guard let link = self.link.take() else { return }
        await link.close(on: self.thread.executor, within: Self.closeTimeout)
    }

    private func connected() async throws(AMQPError) -> BrokerLink {
        if let link { return link }
        var failure = AMQPError(.unreachable)
        for endpoint in self.thread.configuration.endpoints {
            do throws(AMQPError) {
                for address in try await self.thread.addresses(of: endpoint) {
                    do throws(AMQPError) {
                        return try await self.open(BrokerLink(self.thread, endpoint, address: address))
                    } catch {
                        failure = error
                    }
                }
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private func open(_ link: BrokerLink) async throws(AMQPError) -> BrokerLink {
        link.request([.channelOpen])
        guard case .answered(.channelOpen) = try await self.event(of: link) else { throw AMQPError(.protocolViolation) }
        self.link = link
        return link
    }

    /// The next event that answers something.
    private func event(of link: BrokerLink) async throws(AMQPError) -> BrokerEvent {
        do throws(AMQPError) {
            while true {
                try link.finishTurn(now: .now)
                defer { link.release() }
                while let event = try link.next(now: .now) {
                    switch event {
                    case .blocked, .unblocked: continue
                    case .channelClosed(let error): throw error
                    default: return event
                    }
                }
                guard !Task.isCancelled else { throw AMQPError(.connectionLost, replyText: "the reader was cancelled") }
                _ = await self.thread.executor.wait(for: .read, on: link.descriptor, until: link.wakeup(now: .now))
            }
        } catch {
            self.link = nil
            throw error
        }
    }
}
