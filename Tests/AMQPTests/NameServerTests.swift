import Fixtures
import HostNames
import Logging
import ServiceLifecycle
import Testing

@testable import AMQP

/// The name server never answers: a session must not wait for it longer than it wants.
@Suite(.timeLimit(.minutes(5))) struct NameServerTests {
    private static func configuration(lookupTimeout: Duration) -> AMQPConfiguration {
        var configuration = AMQPConfiguration(
            endpoints: [AMQPEndpoint(host: "fila")], user: "u", password: "p", connectionName: "tests")
        configuration.resolver = HostResolver(lookup: FakeNames(nil))
        configuration.lookupTimeout = lookupTimeout
        return configuration
    }

    private static func publisher(_ configuration: AMQPConfiguration, _ observer: (any PublisherObserver)? = nil) -> ConfirmedPublisher {
        ConfirmedPublisher(
            configuration: configuration, topology: AMQPTopology(), logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() },
            observer: observer)
    }

    @Test func `users of a session are answered during a look-up, and a cancelled session ends`() async throws {
        let publisher = Self.publisher(Self.configuration(lookupTimeout: .seconds(600)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            var properties = AMQPProperties()
            properties.messageID = "m"
            let message = AMQPMessage(exchange: "", routingKey: "a", properties: properties, body: [])
            let call = Task { await publisher.publish([message]) }
            call.cancel()
            #expect(await call.value == [.notSent])
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test func `a session that is stopped during a look-up ends after it`() async throws {
        let publisher = Self.publisher(Self.configuration(lookupTimeout: .milliseconds(50)))
        let group = ServiceGroup(
            configuration: .init(services: [publisher], logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }))
        async let run: Void = group.run()
        await group.triggerGracefulShutdown()
        try await run
    }

    private struct Errors: PublisherObserver {
        let errors: AsyncStream<AMQPError>.Continuation
        func publisherConnected(to endpoint: AMQPEndpoint) {}
        func publisherDisconnected(_ error: AMQPError) { self.errors.yield(error) }
        func publisherBlocked(reason: String) {}
        func publisherUnblocked() {}
    }

    @Test func `a look-up without an answer is a broker that cannot be reached`() async throws {
        let (errors, continuation) = AsyncStream<AMQPError>.makeStream()
        let publisher = Self.publisher(Self.configuration(lookupTimeout: .milliseconds(50)), Errors(errors: continuation))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            var iterator = errors.makeAsyncIterator()
            let error = await iterator.next()
            #expect(error?.kind == .unreachable)
            #expect(error?.replyText.contains("no answer about the host's name") == true)
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
