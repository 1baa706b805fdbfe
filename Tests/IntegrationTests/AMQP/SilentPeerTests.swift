import AMQP
import Testing

extension AMQPTests {
    @Suite struct SilentPeer {
        /// A short heartbeat through a proxy.
        private func configuration(_ proxy: FreezableProxy) throws -> AMQPConfiguration {
            var configuration = try TestBroker.configuration()
            configuration.endpoints = [proxy.endpoint]
            configuration.heartbeat = .seconds(2)
            return configuration
        }

        @Test func `the publisher disconnects a silent peer`() async throws {
            let name = TestBroker.uniqueName("silent")
            let proxy = try FreezableProxy(target: try TestBroker.configuration().endpoints[0])
            defer { proxy.stop() }
            let observer = RecordingObserver()
            var settings = PublisherSettings()
            // Only the heartbeat can find it.
            settings.redeclareInterval = .seconds(600)
            settings.confirmTimeout = .seconds(600)
            let publisher = ConfirmedPublisher(
                configuration: try self.configuration(proxy), topology: .temporary(name), settings: settings, logger: .quiet,
                observer: observer)
            try await withServices([publisher]) {
                #expect(await publisher.publish([.test(name, "a")]) == [.confirmed])
                proxy.freeze()
                #expect(await publisher.publish([.test(name, "b")]) == [.unknown])
                #expect(observer.errors.map(\.kind) == [.heartbeatTimeout])
                #expect(await publisher.publish([.test(name, "c")]) == [.confirmed])
            }
        }

        @Test func `the publisher does not hang on a full socket`() async throws {
            let name = TestBroker.uniqueName("full-socket")
            let proxy = try FreezableProxy(target: try TestBroker.configuration().endpoints[0])
            defer { proxy.stop() }
            let publisher = ConfirmedPublisher(
                configuration: try self.configuration(proxy), topology: .temporary(name), logger: .quiet)
            try await withServices([publisher]) {
                #expect(await publisher.publish([.test(name, "a")]) == [.confirmed])
                await expectSilenceIsGivenUp(by: publisher, name, behind: proxy)
            }
        }

        @Test func `the consumer disconnects a silent peer`() async throws {
            let name = TestBroker.uniqueName("silent-consumer")
            let proxy = try FreezableProxy(target: try TestBroker.configuration().endpoints[0])
            defer { proxy.stop() }
            let publisher = ConfirmedPublisher(
                configuration: try TestBroker.configuration(), topology: .temporary(name), logger: .quiet)
            let consumer = BatchConsumer(
                configuration: try self.configuration(proxy), topology: .temporary(name), queue: name, logger: .quiet)
            try await TestBroker.declare(.temporary(name))
            try await withServices([publisher, consumer]) {
                #expect(await publisher.publish([.test(name, "a")]) == [.confirmed])
                let first = try #require(await consumer.nextBatch())
                proxy.freeze()
                // The broker gives the message out again when it, too, has given up the silent connection.
                let again = try #require(await consumer.nextBatch())
                #expect(again.deliveries.map(\.properties.messageID) == ["a"])
                #expect(again.tags[0].generation > first.tags[0].generation)
                await consumer.settle(again.tags)
            }
        }

        @Test func `heartbeats flow while the user is busy`() async throws {
            let name = TestBroker.uniqueName("slow-user")
            let proxy = try FreezableProxy(target: try TestBroker.configuration().endpoints[0])
            defer { proxy.stop() }
            let (publisher, consumer) = try await TestBroker.pair(name, configuration: try self.configuration(proxy))
            try await withServices([publisher, consumer]) {
                #expect(await publisher.publish([.test(name, "a")]) == [.confirmed])
                let batch = try #require(await consumer.nextBatch())
                // Three times the interval: the broker gives up a client that is silent for two.
                try await Task.sleep(for: .seconds(6))
                await consumer.settle(batch.tags)
                #expect(await publisher.publish([.test(name, "b")]) == [.confirmed])
                let next = try #require(await consumer.nextBatch())
                #expect(next.tags[0].generation == batch.tags[0].generation)
                #expect(next.deliveries.map(\.properties.messageID) == ["b"])
                await consumer.settle(next.tags)
            }
        }
    }
}

/// A peer that stops reading fills the socket: messages sent to it end as unknown, and waiting ones leave over the next connection.
func expectSilenceIsGivenUp(by publisher: ConfirmedPublisher, _ name: String, behind proxy: FreezableProxy) async {
    proxy.freeze()
    let body = [UInt8](repeating: 7, count: 1_000_000)
    let outcomes = await publisher.publish((0..<40).map { .test(name, "m\($0)", body: body) })
    // What went into the silent connection, then what waited for the next one.
    let unknown = outcomes.prefix { $0 == .unknown }.count
    #expect(unknown > 0 && unknown < 40)
    #expect(outcomes[unknown...].allSatisfy { $0 == .confirmed })
}
