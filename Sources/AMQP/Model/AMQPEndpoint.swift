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
