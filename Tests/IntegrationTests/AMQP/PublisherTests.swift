import AMQP
import Fixtures
import NIOConcurrencyHelpers
import Testing

extension AMQPTests {
    @Suite struct Publisher {
        @Test func `returned and confirmed messages have different outcomes`() async throws {
            let name = TestBroker.uniqueName("returns")
            let topology = AMQPTopology(
                exchanges: [.init(name: name, kind: .topic, durable: false, autoDelete: true)],
                queues: [.init(name: name, arguments: ["x-expires": .int32(60_000)])],
                bindings: [.init(queue: name, exchange: name, routingKey: "bound.#")])
            let publisher = ConfirmedPublisher(configuration: try TestBroker.configuration(), topology: topology, logger: .quiet)
            try await withServices([publisher]) {
                var unasked = AMQPMessage.test(name, "c", key: "unbound.c")
                unasked.mandatory = false
                // Two of one id: each return belongs to its own message.
                let outcomes = await publisher.publish([
                    .test(name, "a", key: "bound.a"), .test(name, "b", key: "unbound.b"), unasked, .test(name, "b", key: "unbound.b"),
                    .test(name, "d", key: "bound.d"),
                ])
                #expect(outcomes == [.confirmed, .noRoute, .confirmed, .noRoute, .confirmed])
            }
        }

        @Test func `a message that a queue rejects has an outcome of its own`() async throws {
            let name = TestBroker.uniqueName("full")
            var topology = AMQPTopology.temporary(name)
            topology.queues[0].arguments["x-max-length"] = .int32(1)
            topology.queues[0].arguments["x-overflow"] = "reject-publish"
            let publisher = ConfirmedPublisher(configuration: try TestBroker.configuration(), topology: topology, logger: .quiet)
            try await withServices([publisher]) {
                #expect(await publisher.publish([.test(name, "a")]) == [.confirmed])
                #expect(await publisher.publish([.test(name, "b")]) == [.rejected])
            }
        }

        @Test func `refuses what cannot be sent and sends its neighbours`() async throws {
            let name = TestBroker.uniqueName("invalid")
            let publisher = ConfirmedPublisher(
                configuration: try TestBroker.configuration(), topology: .temporary(name), logger: .quiet)
            var nameless = AMQPMessage.test(name, "x")
            nameless.properties.messageID = nil
            var wordy = AMQPMessage.test(name, "x")
            wordy.properties.correlationID = String(repeating: "c", count: 256)
            var headed = AMQPMessage.test(name, "x")
            headed.properties.headers = ["large": .bytes(Array(repeating: 7, count: 140_000))]
            let longKey = AMQPMessage.test(name, "x", key: String(repeating: "k", count: 256))
            let messages: [AMQPMessage] = [.test(name, "a"), nameless, wordy, .test(name, "b"), headed, longKey, .test(name, "c")]
            try await withServices([publisher]) {
                let outcomes = await publisher.publish(messages)
                for index in messages.indices {
                    if [0, 3, 6].contains(index) {
                        #expect(outcomes[index] == .confirmed)
                    } else if case .invalid(let error) = outcomes[index] {
                        #expect(error.kind == .invalidMessage && !error.isRetriable)
                    } else {
                        Issue.record("message \(index): \(outcomes[index])")
                    }
                }
            }
        }

        @Test func `reports the broker's objection and reconnects`() async throws {
            let name = TestBroker.uniqueName("objection")
            let observer = RecordingObserver()
            let publisher = ConfirmedPublisher(
                configuration: try TestBroker.configuration(), topology: .temporary(name), logger: .quiet, observer: observer)
            try await withServices([publisher]) {
                #expect(await publisher.publish([.test("\(name).missing", "a")]) == [.unknown])
                #expect(await publisher.publish([.test(name, "b")]) == [.confirmed])
            }
            let error = try #require(observer.errors.first)
            #expect(error.kind == .channelClosed)
            #expect(error.replyCode == 404 && error.classID == 60 && error.methodID == 40)
            #expect(!error.description.contains(name))
            #expect(observer.connectedCount == 2)
        }

        @Test func `waits without a broker until the deadline`() async throws {
            var configuration = try TestBroker.configuration()
            // The discard port of loopback: refused at once.
            configuration.endpoints = [AMQPEndpoint(host: "127.0.0.1", port: 9)]
            let publisher = ConfirmedPublisher(configuration: configuration, topology: AMQPTopology(), logger: .quiet)
            try await withServices([publisher]) {
                let begin = ContinuousClock.now
                #expect(
                    await publisher.publish([.test("x", "a"), .test("x", "b")], deadline: begin + .milliseconds(200)) == [
                        .notSent, .notSent,
                    ])
                #expect(ContinuousClock.now - begin >= .milliseconds(200))
                let cancelled = Task { await publisher.publish([.test("x", "a")]) }
                cancelled.cancel()
                #expect(await cancelled.value == [.notSent])
                #expect(!publisher.isReady)
            }
            #expect(await publisher.publish([.test("x", "a")]) == [.notSent])
        }

        @Test func `uses the next endpoint at once`() async throws {
            let name = TestBroker.uniqueName("endpoints")
            var configuration = try TestBroker.configuration()
            configuration.endpoints.insert(AMQPEndpoint(host: "127.0.0.1", port: 9), at: 0)
            configuration.reconnectDelayMin = .seconds(60)
            configuration.reconnectDelayMax = .seconds(60)
            let publisher = ConfirmedPublisher(configuration: configuration, topology: .temporary(name), logger: .quiet)
            try await withServices([publisher]) {
                #expect(await publisher.publish([.test(name, "a")]) == [.confirmed])
            }
        }

        @Test func `settles what is out before it ends`() async throws {
            let name = TestBroker.uniqueName("drain")
            let publisher = ConfirmedPublisher(
                configuration: try TestBroker.configuration(), topology: .temporary(name), logger: .quiet)
            let count = 20_000
            var settings = PublisherSettings()
            settings.pendingMessagesMax = count
            let big = ConfirmedPublisher(
                configuration: try TestBroker.configuration(), topology: .temporary(name), settings: settings, logger: .quiet)
            let work = Task {
                await big.publish((0..<count).map { .test(name, "m\($0)") })
            }
            try await withServices([big, publisher]) {
                // Enough to be in the middle of the burst.
                #expect(await publisher.publish([.test(name, "first")]) == [.confirmed])
            }
            let outcomes = await work.value
            let confirmed = outcomes.prefix { $0 == .confirmed }.count
            #expect(outcomes[confirmed...].allSatisfy { $0 == .notSent })
            // A count that stays the same twice: what is confirmed is there, what was not sent is not.
            #expect(try await TestBroker.messagesLeft(in: name).count == confirmed + 1)
        }

        @Test(.enabled(if: TestBroker.control != nil)) func `obeys the broker's block`() async throws {
            let name = TestBroker.uniqueName("blocked")
            let observer = RecordingObserver()
            var settings = PublisherSettings()
            settings.confirmTimeout = .seconds(6)
            settings.redeclareInterval = .milliseconds(300)
            var configuration = try TestBroker.configuration()
            configuration.rpcTimeout = .seconds(6)
            let publisher = ConfirmedPublisher(
                configuration: configuration, topology: .temporary(name), settings: settings, logger: .quiet, observer: observer)
            try await withServices([publisher]) {
                #expect(await publisher.publish([.test(name, "before")]) == [.confirmed])
                try TestBroker.control("set_vm_memory_high_watermark", "absolute", "1MB")
                async let under = publisher.publish((0..<3000).map { .test(name, "under\($0)") })
                let blocked = await eventually { observer.blockedCount == 1 }
                #expect(blocked)
                #expect(!publisher.isReady)
                // Longer than both timeouts: a block is no failure.
                try await Task.sleep(for: .seconds(8))
                try TestBroker.control("set_vm_memory_high_watermark", "absolute", "1GB")
                #expect(await under.allSatisfy { $0 == .confirmed })
                #expect(observer.unblockedCount == 1)
                #expect(observer.errors.isEmpty)
            }
        }

        @Test(.enabled(if: TestBroker.control != nil)) func `loses nothing when connections are closed`() async throws {
            let name = TestBroker.uniqueName("closed")
            let count = 20_000
            try await TestBroker.withVirtualHost(name) { configuration in
                let (publisher, consumer) = try await TestBroker.pair(name, configuration: configuration)
                try await withServices([publisher, consumer]) {
                    let seen = Task {
                        var seen = Set<String>()
                        while seen.count < count, let batch = await consumer.nextBatch() {
                            seen.formUnion(batch.deliveries.compactMap(\.properties.messageID))
                            await consumer.settle(batch.tags)
                        }
                        return seen
                    }
                    let sender = Task {
                        var unknown = 0
                        for start in stride(from: 0, to: count, by: 500) {
                            var open = (start..<start + 500).map { AMQPMessage.test(name, "m\($0)") }
                            while !open.isEmpty {
                                let outcomes = await publisher.publish(open)
                                #expect(outcomes.allSatisfy { $0 == .confirmed || $0 == .unknown })
                                open = zip(open, outcomes).filter { $0.1 != .confirmed }.map(\.0)
                                unknown += open.count
                            }
                            if start == 5000 { try TestBroker.control("close_all_connections", "-p", name, "teste") }
                        }
                        return unknown
                    }
                    _ = try await sender.value
                    #expect(await seen.value.count == count)
                }
            }
        }
    }
}

final class RecordingObserver: PublisherObserver {
    private struct State {
        var connectedCount = 0
        var errors: [AMQPError] = []
        var blockedCount = 0
        var unblockedCount = 0
    }

    private let state = NIOLockedValueBox(State())

    var connectedCount: Int { self.state.withLockedValue { $0.connectedCount } }
    var errors: [AMQPError] { self.state.withLockedValue { $0.errors } }
    var blockedCount: Int { self.state.withLockedValue { $0.blockedCount } }
    var unblockedCount: Int { self.state.withLockedValue { $0.unblockedCount } }

    func publisherConnected(to endpoint: AMQPEndpoint) { self.state.withLockedValue { $0.connectedCount += 1 } }
    func publisherDisconnected(_ error: AMQPError) { self.state.withLockedValue { $0.errors.append(error) } }
    func publisherBlocked(reason: String) { self.state.withLockedValue { $0.blockedCount += 1 } }
    func publisherUnblocked() { self.state.withLockedValue { $0.unblockedCount += 1 } }
}

extension PublishOutcome {
    static var noRoute: PublishOutcome { .returned(code: 312, text: "NO_ROUTE") }
}
