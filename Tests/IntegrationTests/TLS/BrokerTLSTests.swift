import AMQP
import Fixtures
import Foundation
import HostNames
import TestSupport
import Testing

/// `amqps://` against a RabbitMQ of its own, whose certificates come from an authority of its own.
@Suite(.enabled(if: TestServers.servidores != nil && TestServers.folder != nil), .timeLimit(.minutes(5)), .serialized)
struct BrokerTLSTests {
    /// Messages of a few bytes, of many records, and so many that both sides' buffers are full again and again.
    @Test func `a burst passes TLS in both directions unchanged`() async throws {
        try await TLSBroker.with { broker in
            for host in ["localhost", "127.0.0.1"] {
                let name = TestBroker.uniqueName("tls")
                let (publisher, consumer) = try await TestBroker.pair(name, configuration: try broker.configuration(host))
                let bodies = (0..<6000).map { index in
                    [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: index % 100 == 7 ? 200_000 : index % 3000)
                }
                try await withServices([publisher, consumer]) {
                    async let outcomes = publisher.publish(bodies.indices.map { .test(name, "m\($0)", body: bodies[$0]) })
                    var seen = 0
                    while seen < bodies.count, let batch = await consumer.nextBatch() {
                        for delivery in batch.deliveries {
                            #expect(delivery.properties.messageID == "m\(seen)")
                            #expect(delivery.body == bodies[seen])
                            seen += 1
                        }
                        await consumer.settle(batch.tags)
                    }
                    #expect(await outcomes.allSatisfy { $0 == .confirmed })
                    // One at a time: nothing may stay in a buffer until something else arrives.
                    let (_, time) = try await timed {
                        for index in 0..<50 {
                            #expect(await publisher.publish([.test(name, "n\(index)")]) == [.confirmed])
                            let batch = try #require(await consumer.nextBatch())
                            await consumer.settle(batch.tags)
                        }
                    }
                    // A byte that waits for the heartbeat would cost a second each time.
                    #expect(time < .seconds(20))
                }
            }
        }
    }

    @Test func `a broker that stops reading is abandoned, with TLS as without`() async throws {
        try await TLSBroker.with { broker in
            let name = TestBroker.uniqueName("tls-silent")
            var configuration = try broker.configuration("127.0.0.1")
            let proxy = try FreezableProxy(target: configuration.endpoints[0])
            defer { proxy.stop() }
            configuration.endpoints = [proxy.endpoint]
            configuration.heartbeat = .seconds(2)
            let publisher = ConfirmedPublisher(configuration: configuration, topology: .temporary(name), logger: .quiet)
            try await withServices([publisher]) {
                #expect(await publisher.publish([.test(name, "a")]) == [.confirmed])
                await expectSilenceIsGivenUp(by: publisher, name, behind: proxy)
            }
        }
    }

    @Test func `a broker is trusted by its certificate alone, and an untrusted one is refused with one line`() async throws {
        try await TLSBroker.with { broker in
            func check(_ configuration: AMQPConfiguration, _ text: String, _ comment: Comment) async throws {
                let error = try await broker.refusal(configuration)
                #expect(error?.kind == .tlsFailed, comment)
                #expect(error?.replyText == "TLS: \(text)", comment)
                #expect(error?.isRetriable == true, comment)
            }
            #expect(try await broker.refusal(try broker.configuration()) == nil)

            let other = try await TestAuthority(in: TLSBroker.newFolder())
            let unknown = "the broker's certificate is signed by an untrusted authority (CA)"
            var configuration = try broker.configuration()
            configuration.tls?.authoritiesFile = other.file
            try await check(configuration, unknown, "another authority")
            configuration.tls?.authoritiesFile = nil
            try await check(configuration, unknown, "the system's authorities")
            configuration.tls?.authoritiesFile = other.file + "x"
            try await check(configuration, "the file of the authorities (CA) cannot be read or holds no certificate", "no such file")
            let wrongHost = "the broker's certificate is not for the host of the URL"
            try await check(try broker.configuration("127.0.0.2"), wrongHost, "another address")

            let plain = try AMQPConfiguration(url: try broker.servers.url(.rabbitmq), connectionName: "teste").endpoints[0].port
            try await check(try broker.configuration(port: plain), "the broker does not speak TLS on this port", "plain text")

            try await broker.replaceCertificate(try await broker.authority.issue("elsewhere", for: "DNS:*.example", "IP:127.0.0.1"))
            try await check(try broker.configuration(), wrongHost, "another name")
            // The address is found by this process, the certificate is checked against the name.
            try await broker.replaceCertificate(try await broker.authority.issue("named", for: "DNS:broker.example"))
            var named = try broker.configuration("broker.example")
            named.resolver = HostResolver(lookup: FakeNames(["broker.example": ["127.0.0.1"]]))
            #expect(try await broker.refusal(named) == nil)
            // A name in the subject alone (CN=localhost) is none.
            try await broker.replaceCertificate(try await broker.authority.issue("localhost"))
            try await check(try broker.configuration(), wrongHost, "no subjectAltName")
            try await broker.replaceCertificate(
                try await broker.authority.issue("expired", for: "DNS:localhost", "IP:127.0.0.1", valid: .expired))
            try await check(
                try broker.configuration(), "the broker's certificate, or that of its authority, has expired", "an expired certificate")
        }
    }

    @Test func `the client sends its own certificate, and an untrusted one is reported`() async throws {
        try await TLSBroker.with { broker in
            func configuration(_ certificate: TestAuthority.Certificate, key: String? = nil) throws -> AMQPConfiguration {
                var configuration = try broker.configuration()
                configuration.tls?.ownCertificate = .init(certificateFile: certificate.file, keyFile: key ?? certificate.keyFile)
                return configuration
            }
            let own = try await broker.authority.issue("cliente")
            let publisher = ConfirmedPublisher(configuration: try configuration(own), topology: AMQPTopology(), logger: .quiet)
            try await withServices([publisher]) {
                #expect(await eventually { publisher.isReady })
                let subjects = try await broker.servers.brokerControl("list_connections", "peer_cert_subject")
                #expect(subjects.contains("CN=cliente"))
            }

            let stranger = try await TestAuthority(in: TLSBroker.newFolder()).issue("estranho")
            let refused = try await broker.refusal(try configuration(stranger))
            #expect(refused?.kind == .tlsFailed)
            // The broker's alert, if it arrives before the end of the connection.
            let text = refused?.replyText ?? ""
            #expect(text.contains("alert") || text.contains("do not trust this side's"), "\(text)")

            let mixed = try await broker.refusal(try configuration(own, key: stranger.keyFile))
            #expect(mixed?.kind == .tlsFailed)
            #expect(mixed?.replyText.contains("key") == true)
        }
    }
}
