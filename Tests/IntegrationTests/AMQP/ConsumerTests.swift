import AMQP
import Fixtures
import Testing

extension AMQPTests {
    @Suite struct Consumer {
        @Test func `exactly what was not settled is left`() async throws {
            let name = TestBroker.uniqueName("gap")
            let (publisher, consumer) = try await TestBroker.pair(name)
            try await withServices([publisher, consumer]) {
                #expect(await publisher.publish((0..<300).map { .test(name, "m\($0)") }).allSatisfy { $0 == .confirmed })
                var deliveries: [Delivery] = []
                while deliveries.count < 300, let batch = await consumer.nextBatch() { deliveries += batch.deliveries }
                // Gaps at the beginning, in the middle and at the end, settled from the back, some twice.
                let open = [0, 1, 150, 299]
                let settled = deliveries.indices.filter { !open.contains($0) }.reversed().map { deliveries[$0].tag }
                await consumer.settle(Array(settled.prefix(100)))
                await consumer.settle(settled)
                // Closing one gap later acknowledges up to the next.
                await consumer.settle([deliveries[0].tag])
                await consumer.suspendConsuming()
            }
            #expect(try await TestBroker.messagesLeft(in: name) == ["m1", "m150", "m299"])
        }

        @Test func `receives by the bindings that it makes while it consumes, also after a new channel`() async throws {
            let name = TestBroker.uniqueName("bind")
            let exchange = AMQPTopology.Exchange(name: name, kind: .topic, durable: false, autoDelete: true)
            // The queue has the name that the broker chooses.
            let queue = AMQPTopology.Queue(name: "", durable: false, exclusive: true, autoDelete: true)
            let publisher = ConfirmedPublisher(
                configuration: try TestBroker.configuration(), topology: AMQPTopology(exchanges: [exchange]), logger: .quiet)
            let consumer = BatchConsumer(
                configuration: try TestBroker.configuration(), topology: AMQPTopology(exchanges: [exchange], queues: [queue]), queue: "",
                logger: .quiet)
            @Sendable func bindings(_ keys: Set<String>) -> Set<AMQPTopology.Binding> {
                Set(keys.map { AMQPTopology.Binding(queue: "", exchange: name, routingKey: $0) })
            }
            @Sendable func received(_ keys: String...) async -> [String] {
                _ = await publisher.publish(keys.map { .test(name, $0, key: $0) })
                var received: [String] = []
                while received.last != "end", let batch = await consumer.nextBatch() {
                    received += batch.deliveries.map(\.routingKey)
                    await consumer.settle(batch.tags)
                }
                return received
            }
            try await withServices([publisher, consumer]) {
                await consumer.bind(bindings(["a.#", "end"]))
                #expect(await eventually { consumer.consumption.isConsuming && consumer.consumption.bindings == bindings(["a.#", "end"]) })
                #expect(await received("a.x", "b", "a", "end") == ["a.x", "a", "end"])
                await consumer.bind(bindings(["b", "end"]))
                #expect(await eventually { consumer.consumption.bindings.isSuperset(of: bindings(["b"])) })
                #expect(await received("b", "a", "c", "end") == ["b", "a", "end"])
                await consumer.suspendConsuming()
                #expect(consumer.consumption.bindings.isEmpty)
                await consumer.resumeConsuming()
                #expect(await eventually { consumer.consumption.isConsuming && consumer.consumption.bindings == bindings(["b", "end"]) })
                #expect(consumer.consumption.starts == 2)
                #expect(await received("a", "b", "end") == ["b", "end"])
            }
        }

        @Test func `receives more than the prefetch once room is made, and settles all of it`() async throws {
            let name = TestBroker.uniqueName("room")
            var settings = ConsumerSettings()
            settings.prefetchMessagesMax = 10
            let (publisher, consumer) = try await TestBroker.pair(name, consumerSettings: settings)
            try await withServices([publisher, consumer]) {
                #expect(await publisher.publish((0..<30).map { .test(name, "m\($0)") }).allSatisfy { $0 == .confirmed })
                var deliveries: [Delivery] = []
                for round in 1...3 {
                    while deliveries.count < 10 * round, let batch = await consumer.nextBatch() { deliveries += batch.deliveries }
                    #expect(deliveries.count == 10 * round)
                    if round < 3 { await consumer.makeRoom() }
                }
                #expect(deliveries.map(\.properties.messageID) == (0..<30).map { "m\($0)" })
                #expect(deliveries.allSatisfy { !$0.redelivered && $0.tag.generation == deliveries[0].tag.generation })
                await consumer.settle(deliveries.map(\.tag))
            }
            #expect(try await TestBroker.messagesLeft(in: name) == [])
        }

        @Test func `drops tags of an earlier channel`() async throws {
            let name = TestBroker.uniqueName("late")
            var settings = ConsumerSettings()
            // One delivery stays open on purpose.
            settings.drainTimeout = .milliseconds(100)
            let (publisher, consumer) = try await TestBroker.pair(name, consumerSettings: settings)
            try await withServices([publisher, consumer]) {
                let outcomes = await publisher.publish([.test(name, "a"), .test(name, "b")])
                #expect(outcomes == [.confirmed, .confirmed])
                var first: [Delivery] = []
                while first.count < 2, let batch = await consumer.nextBatch() { first += batch.deliveries }
                await consumer.suspendConsuming()
                #expect(!consumer.isConsuming)
                await consumer.resumeConsuming()
                var again: [Delivery] = []
                while again.count < 2, let batch = await consumer.nextBatch() { again += batch.deliveries }
                #expect(again.allSatisfy { $0.redelivered })
                #expect(again[0].tag.generation > first[0].tag.generation)
                // Late tags: sent, they would acknowledge the second delivery, which is not settled.
                await consumer.settle(first.map(\.tag))
                await consumer.settle([again[0].tag])
            }
            #expect(try await TestBroker.messagesLeft(in: name) == ["b"])
        }

        @Test func `hands out nothing after shutdown and waits for what is handed out`() async throws {
            let name = TestBroker.uniqueName("shutdown")
            let (publisher, consumer) = try await TestBroker.pair(name)
            let batch = try await withServices([publisher, consumer]) {
                #expect(await publisher.publish((0..<10).map { .test(name, "m\($0)") }).allSatisfy { $0 == .confirmed })
                let batch = try #require(await consumer.nextBatch())
                Task {
                    // After shutdown has begun: then there are no more batches.
                    while await consumer.nextBatch() != nil {}
                    await consumer.settle(batch.tags)
                }
                return batch
            }
            #expect(await consumer.nextBatch() == nil)
            #expect(try await TestBroker.messagesLeft(in: name).count == 10 - batch.deliveries.count)
        }

        @Test(.enabled(if: TestBroker.control != nil)) func `declares its queue again when it is deleted`() async throws {
            let name = TestBroker.uniqueName("deleted")
            let (publisher, consumer) = try await TestBroker.pair(name)
            try await withServices([publisher, consumer]) {
                #expect(await publisher.publish([.test(name, "a")]) == [.confirmed])
                let first = try #require(await consumer.nextBatch())
                try TestBroker.control("delete_queue", name)
                // The queue of these deliveries is gone; settling them has no effect.
                await consumer.settle(first.tags)
                let published = await eventually { await publisher.publish([.test(name, "b")]) == [.confirmed] }
                #expect(published)
                let second = try #require(await consumer.nextBatch())
                #expect(second.deliveries.first?.properties.messageID == "b")
                await consumer.settle(second.tags)
            }
        }

        @Test(.enabled(if: TestBroker.control != nil)) func `keeps trying when the broker closes the channel`() async throws {
            let name = TestBroker.uniqueName("conflict")
            let publisher = ConfirmedPublisher(
                configuration: try TestBroker.configuration(), topology: .temporary(name), logger: .quiet)
            var other = AMQPTopology.temporary(name)
            other.queues[0].arguments["x-max-length"] = .int32(1000)
            let consumer = BatchConsumer(configuration: try TestBroker.configuration(), topology: other, queue: name, logger: .quiet)
            try await withServices([publisher]) {
                #expect(await publisher.publish([.test(name, "a")]) == [.confirmed])
            }
            try await withServices([consumer]) {
                try await Task.sleep(for: .milliseconds(700))
                // 406: the queue exists with other arguments.
                #expect(!consumer.isConsuming)
                try TestBroker.control("delete_queue", name)
                let recovered = await eventually { consumer.isConsuming }
                #expect(recovered)
            }
        }
    }
}
