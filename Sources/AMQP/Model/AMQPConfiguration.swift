package import HostNames

/// How to reach a broker, and the limits of a connection to it.
public struct AMQPConfiguration: Sendable {
    /// The brokers of one cluster, tried in turn. At least one.
    public var endpoints: [AMQPEndpoint]
    /// The user's name for SASL PLAIN.
    public var user: String
    /// The user's password for SASL PLAIN.
    public var password: String
    /// The virtual host.
    public var virtualHost: String
    /// The name in the broker's list of connections.
    public var connectionName: String
    /// TLS to every endpoint; nil: plain text.
    public var tls: AMQPTLS?
    /// Heartbeat to ask for, whole seconds, 1–65535; the broker may lower it. A peer that is silent for twice as long is disconnected.
    public var heartbeat: Duration = .seconds(10)
    /// Largest frame to ask for; the broker may lower it.
    public var frameBytesMax = 131_072
    /// Limit for connecting to one address, TLS included, and again for AMQP's handshake.
    public var connectTimeout: Duration = .seconds(5)
    /// Limit for the look-up of an endpoint's name while no address of it is known.
    public var lookupTimeout: Duration = .seconds(2)
    /// Finds the addresses of the endpoints.
    package var resolver = HostResolver.shared
    /// Limit for one request to the broker while it does not block the connection, and for one write into a full socket.
    public var rpcTimeout: Duration = .seconds(10)
    /// First pause before connecting again, once every endpoint has failed.
    public var reconnectDelayMin: Duration = .milliseconds(200)
    /// Longest pause before connecting again. Pauses double, and each is shortened at random by up to a half.
    public var reconnectDelayMax: Duration = .seconds(10)

    /// A configuration without a URL.
    public init(
        endpoints: [AMQPEndpoint], user: String, password: String, virtualHost: String = "/", connectionName: String
    ) {
        self.endpoints = endpoints
        self.user = user
        self.password = password
        self.virtualHost = virtualHost
        self.connectionName = connectionName
    }

    /// Reads `amqp://user:password@host:port/vhost`, or `amqps://…` for TLS, after RabbitMQ's URI specification (https://www.rabbitmq.com/docs/uri-spec).
    ///
    /// User, password and virtual host are percent-decoded; several hosts are separated by commas; port 5672 (5671 with TLS), user and
    /// password `guest` and the virtual host `/` are the defaults. Query parameters are refused: what TLS needs is set in ``tls``, which
    /// `amqps` sets to the system's authorities.
    /// - Throws: ``AMQPError/Kind/invalidConfiguration``. The text never repeats the URL.
    public init(url: String, connectionName: String) throws(AMQPError) {
        let parsed = try AMQPURL(url)
        self.init(
            endpoints: parsed.endpoints,
            user: parsed.user ?? "guest",
            password: parsed.password ?? "guest",
            virtualHost: parsed.virtualHost ?? "/",
            connectionName: connectionName
        )
        if parsed.isEncrypted { self.tls = AMQPTLS() }
    }
}

/// Where a broker listens.
public struct AMQPEndpoint: Sendable, Hashable {
    /// A DNS name or an IP address (IPv6 without brackets).
    public var host: String
    /// 1–65535.
    public var port: Int

    /// - Parameter port: 5672 is AMQP's own without TLS, 5671 with it.
    public init(host: String, port: Int = 5672) {
        self.host = host
        self.port = port
    }
}

/// How a broker is authenticated, and the certificate that it is shown.
///
/// The check cannot be switched off: the broker's certificate must chain to a trusted authority, be valid now, and name the host that was
/// connected to (subjectAltName: DNS names, also with a wildcard for a whole label, and IP addresses). The minimum is TLS 1.2. Files are in
/// PEM and read at each connect, so that renewed ones need no restart.
public struct AMQPTLS: Sendable, Equatable {
    /// The trusted authorities; nil: those of the system, as OpenSSL finds them.
    public var authoritiesFile: String?
    /// This side's own certificate, for brokers that ask for one (`fail_if_no_peer_cert`).
    public var ownCertificate: OwnCertificate?

    /// A certificate with its key.
    public struct OwnCertificate: Sendable, Equatable {
        /// The certificate, followed by its chain.
        public var certificateFile: String
        /// Its key, without a password.
        public var keyFile: String

        /// Both as paths.
        public init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// Without arguments: the system's authorities and no own certificate.
    public init(authoritiesFile: String? = nil, ownCertificate: OwnCertificate? = nil) {
        self.authoritiesFile = authoritiesFile
        self.ownCertificate = ownCertificate
    }
}
