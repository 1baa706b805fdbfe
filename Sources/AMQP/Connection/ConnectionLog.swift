import Logging

/// Which events of a session's connection are logged: each change once, and a failure that goes on once a minute. It does no I/O.
///
/// A broker that accepts and closes again and again, or several endpoints that fail in different ways, make no more lines than that.
struct ConnectionLog {
    typealias Instant = ContinuousClock.Instant

    private static let repeatInterval: Duration = .seconds(60)
    /// The end of a connection that lasted for this long is a change, however recent the failure before it.
    private static let stableAfter: Duration = .seconds(10)

    /// When each kind of failure was last logged.
    private var logged: [AMQPError.Kind: Instant] = [:]
    private var failedSince: Instant?
    private var failures = 0
    private var wasConnected = false
    private var connectedAt: Instant?

    /// A connection ended, or could not be made.
    /// - Returns: the failures since the last connection that was logged; nil if the failure is not to be logged.
    mutating func failed(_ kind: AMQPError.Kind, now: Instant) -> Int? {
        self.failures += 1
        if self.failedSince == nil { self.failedSince = now }
        if let connectedAt, now - connectedAt >= Self.stableAfter { self.logged.removeAll() }
        self.connectedAt = nil
        if let last = self.logged[kind], now - last < Self.repeatInterval { return nil }
        self.logged[kind] = now
        self.wasConnected = false
        return self.failures
    }

    /// A connection was made.
    /// - Returns: how long there was none before, zero at the first; nil if it is not to be logged.
    mutating func connected(now: Instant) -> Duration? {
        defer { (self.failedSince, self.failures, self.wasConnected, self.connectedAt) = (nil, 0, true, now) }
        return self.wasConnected ? nil : self.failedSince.map { now - $0 } ?? .zero
    }
}

extension AMQPConfiguration {
    /// The metadata of a line about a new connection.
    func metadata(_ endpoint: AMQPEndpoint, downtime: Duration) -> Logger.Metadata {
        [
            "connection": "\(self.connectionName)", "host": "\(endpoint.host)", "port": "\(endpoint.port)",
            "downtime_s": "\(downtime.components.seconds)",
        ]
    }

    /// The metadata of a line about a failure.
    func metadata(_ error: AMQPError, failures: Int) -> Logger.Metadata {
        [
            "connection": "\(self.connectionName)", "error": "\(error)", "reply": "\(error.replyText)", "failures": "\(failures)",
        ]
    }
}
