import AMQP
import Testing

extension AMQPTests {
    @Suite struct RoundTrip {
        @Test func `publishes, confirms, consumes and acknowledges`() async throws {
            let name = TestBroker.uniqueName("round")
            let (publisher, consumer) = try await TestBroker.pair(name)
            let count = 5000
            try await withServices([publisher, consumer]) {
                async let outcomes = publisher.publish((0..<count).map { .test(name, "m\($0)") })
                var seen: [String] = []
                while seen.count < count, let batch = await consumer.nextBatch() {
                    #expect(batch.deliveries.count <= 500)
                    seen += batch.deliveries.compactMap(\.properties.messageID)
                    await consumer.settle(batch.tags)
                }
                #expect(await outcomes.allSatisfy { $0 == .confirmed })
                #expect(seen == (0..<count).map { "m\($0)" })
            }
            #expect(try await TestBroker.messagesLeft(in: name).isEmpty)
        }

        @Test func `carries every property and header`() async throws {
            let name = TestBroker.uniqueName("properties")
            let (publisher, consumer) = try await TestBroker.pair(name)
            var properties = AMQPProperties()
            properties.contentType = "application/json"
            properties.contentEncoding = "identity"
            // In the order of their names, into which RabbitMQ 4 brings them; 3.10 leaves them as they are.
            properties.headers = [
                "array": .array([.int32(1), "two", .array([]), .table([:])]), "bool": true, "bytes": .bytes([0, 1, 255]),
                "decimal": .decimal(scale: 2, value: 12345), "double": .double(bits: (-0.0 as Double).bitPattern),
                "float": .float(bits: (1.5 as Float).bitPattern), "int16": .int16(-300), "int32": .int32(-70_000), "int64": .int64(.min),
                "int8": .int8(-8), "raw text": .longString([0xFF, 0xFE]), "table": .table(["inner": .table(["innermost": .void])]),
                "text": "ação", "time": .timestamp(1_800_000_000), "uint16": .uint16(60_000), "uint32": .uint32(4_000_000_000),
                "uint8": .uint8(200), "void": .void,
            ]
            properties.persistent = true
            properties.priority = 3
            properties.correlationID = "correlation"
            properties.replyTo = "reply"
            properties.expiration = "60000"
            properties.messageID = "message"
            properties.timestamp = 1_900_000_000
            properties.type = "type"
            properties.userID = try TestBroker.configuration().user
            properties.appID = "app"
            let sent = AMQPMessage(exchange: name, routingKey: "chave.ção", properties: properties, body: [])
            try await withServices([publisher, consumer]) {
                #expect(await publisher.publish([sent]) == [.confirmed])
                let batch = try #require(await consumer.nextBatch())
                await consumer.settle(batch.tags)
                let delivery = batch.deliveries[0]
                #expect(delivery.properties == sent.properties)
                #expect(delivery.exchange == name)
                #expect(delivery.routingKey == "chave.ção")
                #expect(delivery.body.isEmpty && !delivery.isTruncated && !delivery.redelivered)
            }
        }

        @Test func `carries bodies of many frames and cuts those over the limit`() async throws {
            let name = TestBroker.uniqueName("bodies")
            var settings = ConsumerSettings()
            settings.bodyBytesMax = 400_000
            let (publisher, consumer) = try await TestBroker.pair(name, consumerSettings: settings)
            // Around the frame size, whose payload is 8 bytes shorter, and around the limit.
            let sizes = [1, 131_063, 131_064, 131_065, 262_128, 399_999, 400_000, 400_001, 3_000_000]
            let bodies = sizes.map { size in (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ size) } }
            try await withServices([publisher, consumer]) {
                async let outcomes = publisher.publish(bodies.enumerated().map { .test(name, "m\($0.offset)", body: $0.element) })
                var received: [Delivery] = []
                while received.count < sizes.count, let batch = await consumer.nextBatch() {
                    received += batch.deliveries
                    await consumer.settle(batch.tags)
                }
                #expect(await outcomes.allSatisfy { $0 == .confirmed })
                #expect(received.map(\.bodyBytesTotal) == sizes.map { UInt64($0) })
                #expect(received.map(\.isTruncated) == sizes.map { $0 > 400_000 })
                for (delivery, body) in zip(received, bodies) { #expect(delivery.body.elementsEqual(body.prefix(400_000))) }
            }
        }
    }
}
