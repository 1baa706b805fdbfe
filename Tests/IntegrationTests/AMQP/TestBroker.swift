import AMQP
import Fixtures
import Glibc
import Logging
import ServiceLifecycle
import Testing

/// Everything that needs a broker, one after another: an alarm concerns all connections of a node.
@Suite(.enabled(if: TestBroker.url != nil), .timeLimit(.minutes(3)), .serialized)
enum AMQPTests {}

/// The broker for these tests: an administrator's URL in `TESTE_AMQP_URL`, and in `TESTE_RABBITMQCTL` a command that is `rabbitmqctl` for
/// it.
enum TestBroker {
    static let url = getenv("TESTE_AMQP_URL").map { String(cString: $0) }
    static let control = getenv("TESTE_RABBITMQCTL").map { String(cString: $0) }

    static func configuration() throws -> AMQPConfiguration {
        try AMQPConfiguration(url: try #require(self.url), connectionName: "teste")
    }

    /// Makes a virtual host for the body alone, for what would disturb others.
    static func withVirtualHost<Result>(_ name: String, _ body: (AMQPConfiguration) async throws -> Result) async throws -> Result {
        var configuration = try self.configuration()
        configuration.virtualHost = name
        try self.control("add_vhost", name)
        do {
            try self.control("set_permissions", "-p", name, configuration.user, ".*", ".*", ".*")
            let result = try await body(configuration)
            try self.control("delete_vhost", name)
            return result
        } catch {
            try self.control("delete_vhost", name)
            throw error
        }
    }

    /// Runs `rabbitmqctl`.
    static func control(_ arguments: String...) throws {
        let command = try #require(self.control)
        var pid = pid_t()
        let words = [command] + arguments
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        let spawned = posix_spawnp(&pid, command, nil, nil, pointers, environ)
        try #require(spawned == 0)
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        #expect(status == 0, "\(words)")
    }

    /// Declares a topology and returns when it holds.
    ///
    /// For what two connections declare: RabbitMQ 4 reports a binding as made while another connection is making it, a moment before
    /// messages are routed by it.
    static func declare(_ topology: AMQPTopology, configuration: AMQPConfiguration? = nil) async throws {
        let publisher = ConfirmedPublisher(configuration: try configuration ?? self.configuration(), topology: topology, logger: .quiet)
        try await withServices([publisher]) {
            let declared = await eventually { publisher.isReady }
            #expect(declared)
        }
    }

    /// A publisher and a consumer of one temporary queue.
    static func pair(
        _ name: String, configuration: AMQPConfiguration? = nil, consumerSettings: ConsumerSettings = ConsumerSettings()
    ) async throws -> (ConfirmedPublisher, BatchConsumer) {
        let configuration = try configuration ?? self.configuration()
        let topology = AMQPTopology.temporary(name)
        try await self.declare(topology, configuration: configuration)
        return (
            ConfirmedPublisher(configuration: configuration, topology: topology, logger: .quiet),
            BatchConsumer(configuration: configuration, topology: topology, queue: name, settings: consumerSettings, logger: .quiet)
        )
    }

    /// Consumes what is left in a queue and returns the message ids, in order. A mark at the end shows that there is no more.
    static func messagesLeft(in name: String) async throws -> [String] {
        let mark = "mark"
        let publisher = ConfirmedPublisher(configuration: try self.configuration(), topology: AMQPTopology(), logger: .quiet)
        let topology = AMQPTopology(queues: AMQPTopology.temporary(name).queues)
        let consumer = BatchConsumer(configuration: try self.configuration(), topology: topology, queue: name, logger: .quiet)
        return try await withServices([publisher, consumer]) {
            var last = AMQPMessage.test("", mark, key: name)
            last.properties.messageID = mark
            #expect(await publisher.publish([last]) == [.confirmed])
            var left: [String] = []
            while let batch = await consumer.nextBatch() {
                left += batch.deliveries.map { $0.properties.messageID ?? "" }
                await consumer.settle(batch.tags)
                // Redelivered messages are older than the mark, so they are delivered first.
                if left.last == mark { return left.dropLast() }
            }
            return left
        }
    }

    static func uniqueName(_ label: String) -> String {
        "teste.\(label).\(UInt64.random(in: 0...UInt64.max))"
    }
}

extension AMQPTopology {
    /// An exchange, and a queue bound to every key of it, of one name. They go away by themselves a minute after they were last used.
    static func temporary(_ name: String) -> AMQPTopology {
        AMQPTopology(
            exchanges: [Exchange(name: name, kind: .topic, durable: false, autoDelete: true)],
            queues: [Queue(name: name, arguments: ["x-expires": .int32(60_000)])],
            bindings: [Binding(queue: name, exchange: name, routingKey: "#")]
        )
    }
}

/// Runs services while the body runs, then ends them gracefully and waits for them.
func withServices<Result: Sendable>(
    _ services: [any Service], _ body: @Sendable () async throws -> Result
) async throws -> Result {
    var logger = Logger(label: "services")
    logger.logLevel = .error
    let group = ServiceGroup(services: services, logger: logger)
    async let running: Void = group.run()
    do {
        let result = try await body()
        await group.triggerGracefulShutdown()
        try await running
        return result
    } catch {
        await group.triggerGracefulShutdown()
        try await running
        throw error
    }
}

extension AMQPMessage {
    /// A mandatory, persistent message.
    static func test(_ exchange: String, _ id: String, key: String = "a.b", body: [UInt8]? = nil) -> AMQPMessage {
        var properties = AMQPProperties()
        properties.messageID = id
        properties.persistent = true
        return AMQPMessage(exchange: exchange, routingKey: key, properties: properties, body: body ?? Array(id.utf8))
    }
}

extension Logger {
    static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }
}
