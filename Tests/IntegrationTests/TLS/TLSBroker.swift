import AMQP
import Fixtures
import Foundation
import TestSupport
import Testing

/// A RabbitMQ with certificates of an authority of a test's own. It asks for certificates, but also accepts clients without one.
struct TLSBroker {
    let servers: PrivateServers
    let authority: TestAuthority
    private let certificate: TestAuthority.Certificate
    private let port: Int

    /// Runs the closure with a broker whose certificate is for `localhost` and 127.0.0.1, and which listens on 127.0.0.2, too.
    static func with(_ wanted: [PrivateServers.Server] = [.rabbitmq], _ body: (TLSBroker) async throws -> Void) async throws {
        let authority = try await TestAuthority(in: self.newFolder())
        let certificate = try await authority.issue("broker", for: "DNS:localhost", "IP:127.0.0.1")
        let port = try FreePort.find()
        let settings = """
            listeners.ssl.1 = 127.0.0.1:\(port)
            listeners.ssl.2 = 127.0.0.2:\(port)
            ssl_options.cacertfile = \(authority.file)
            ssl_options.certfile = \(certificate.file)
            ssl_options.keyfile = \(certificate.keyFile)
            ssl_options.verify = verify_peer
            ssl_options.fail_if_no_peer_cert = false

            """
        try await PrivateServers.with(wanted, brokerSettings: settings) { servers in
            try await body(TLSBroker(servers: servers, authority: authority, certificate: certificate, port: port))
        }
    }

    static func newFolder() throws -> String { "\(try #require(TestServers.folder))/\(TestServers.uniqueName())" }

    /// An `amqps` URL.
    /// - Parameter user: one of those with least rights; nil is the administrator.
    func url(_ host: String = "localhost", port: Int? = nil, user: String? = nil) throws -> String {
        let plain = try user.map { try self.servers.brokerURL(of: $0) } ?? self.servers.url(.rabbitmq)
        let credentials = plain.prefix { $0 != "@" }.dropFirst("amqp".count)
        return "amqps\(credentials)@\(host):\(port ?? self.port)/%2F"
    }

    /// Believes the broker's own authority.
    func configuration(_ host: String = "localhost", port: Int? = nil) throws -> AMQPConfiguration {
        var configuration = try AMQPConfiguration(url: self.url(host, port: port), connectionName: "teste")
        configuration.tls?.authoritiesFile = self.authority.file
        return configuration
    }

    /// Why a connection fails; nil if it is made.
    func refusal(_ configuration: AMQPConfiguration) async throws -> AMQPError? {
        let observer = RecordingObserver()
        let publisher = ConfirmedPublisher(configuration: configuration, topology: AMQPTopology(), logger: .quiet, observer: observer)
        return try await withServices([publisher]) {
            #expect(await eventually { observer.connectedCount > 0 || !observer.errors.isEmpty })
            return observer.errors.first
        }
    }

    /// Has the broker show another certificate from now on. It reads files at each connect, but Erlang keeps them for two minutes.
    func replaceCertificate(_ new: TestAuthority.Certificate) async throws {
        for (from, to) in [(new.file, self.certificate.file), (new.keyFile, self.certificate.keyFile)] {
            try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: to))
        }
        _ = try await self.servers.brokerControl("eval", "ssl:clear_pem_cache().")
    }
}
