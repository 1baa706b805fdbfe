/// How to reach a broker and how patient to be with it.
public struct AMQPConfiguration: Sendable {
    /// The brokers of one cluster, tried in turn. At least one.
    public var endpoints: [AMQPEndpoint]
    /// The user's name for SASL PLAIN.
    public var user: String
    /// The user's password for SASL PLAIN.
    public var password: String
    /// The virtual host.
    public var virtualHost: String
    /// What the broker's connection list shows.
    public var connectionName: String
    /// TLS, to every endpoint; nil: everything is sent in the clear.
    public var tls: AMQPTLS?
    /// Heartbeat to ask for, whole seconds, 1–65535; the broker may lower it. A peer that is silent for twice as long is given up.
    public var heartbeat: Duration = .seconds(10)
    /// Largest frame to ask for; the broker may lower it.
    public var frameBytesMax = 131_072
    /// Limit for connecting, TLS included, and again for AMQP's handshake. Name resolution is not included.
    public var connectTimeout: Duration = .seconds(5)
    /// Limit for one request to the broker while it does not block the connection, and for one write into a full socket.
    public var rpcTimeout: Duration = .seconds(10)
    /// First pause before connecting again, once every endpoint has failed.
    public var reconnectDelayMin: Duration = .milliseconds(200)
    /// Longest pause before connecting again. Pauses double, and each is shortened at random by up to a half.
    public var reconnectDelayMax: Duration = .seconds(10)

    /// A configuration in parts.
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
