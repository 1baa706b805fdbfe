import CRabbitMQ

/// The C connection and its lifetime: the only place that calls `crmq_…`.
///
/// It is not Sendable: it stays with the actor that made it, on that actor's thread, as librabbitmq requires.
final class BrokerHandle {
    private let connection: OpaquePointer
    private let watchdog: SendWatchdog
    private let writeTimeout: Duration
    /// False after the library reported an error: then only `crmq_free` may be called.
    private(set) var isUsable = true

    /// Connects and logs in. Blocks the calling thread for up to twice the connect timeout.
    /// - Parameter address: of the endpoint's host.
    /// - Throws: ``AMQPError/Kind/unreachable``, ``AMQPError/Kind/tlsFailed``, ``AMQPError/Kind/refused``, ``AMQPError/Kind/timeout`` or
    ///   another failure of the handshake.
    init(configuration: AMQPConfiguration, endpoint: AMQPEndpoint, address: String, watchdog: SendWatchdog) throws(AMQPError) {
        guard let connection = crmq_new() else { throw AMQPError(.connectionLost, replyText: "out of memory") }
        self.connection = connection
        self.watchdog = watchdog
        self.writeTimeout = configuration.rpcTimeout
        // From here on deinit frees the connection, whatever is thrown.
        let timeout = Self.milliseconds(configuration.connectTimeout)
        let opened = Self.open(connection, endpoint, address, configuration.tls, timeout: timeout)
        guard opened == 0 else {
            throw self.tlsFailure ?? AMQPError(.unreachable, replyText: String(cString: crmq_status_text(opened)))
        }
        try self.login(configuration, timeout: timeout)
        watchdog.attach(crmq_descriptor(connection))
    }

    deinit {
        self.watchdog.detach()
        crmq_free(self.connection)
    }

    private static func open(
        _ connection: OpaquePointer, _ endpoint: AMQPEndpoint, _ address: String, _ tls: AMQPTLS?, timeout: CInt
    ) -> CInt {
        let port = CInt(clamping: endpoint.port)
        guard let tls else { return crmq_open(connection, address, port, timeout) }
        return withCString(tls.authoritiesFile) { authorities in
            withCString(tls.ownCertificate?.certificateFile) { certificate in
                withCString(tls.ownCertificate?.keyFile) { key in
                    var options = crmq_tls_options(ca_file: authorities, certificate_file: certificate, key_file: key)
                    return crmq_open_tls(connection, endpoint.host, address, port, timeout, &options)
                }
            }
        }
    }

    /// The reason why connecting or logging in failed, if it is TLS.
    private var tlsFailure: AMQPError? {
        crmq_tls_failure(self.connection).map { AMQPError(.tlsFailed, replyText: "TLS: \(String(cString: $0))") }
    }

    private func login(_ configuration: AMQPConfiguration, timeout: CInt) throws(AMQPError) {
        var refusal = crmq_frame()
        let status = configuration.virtualHost.withCString { virtualHost in
            configuration.user.withCString { user in
                configuration.password.withCString { password in
                    configuration.connectionName.withCString { name in
                        var options = crmq_login_options(
                            virtual_host: virtualHost, user: user, password: password, connection_name: name,
                            frame_max_bytes: CInt(clamping: configuration.frameBytesMax),
                            heartbeat_seconds: CInt(clamping: configuration.heartbeat.components.seconds), timeout_milliseconds: timeout
                        )
                        return crmq_login(self.connection, &options, &refusal)
                    }
                }
            }
        }
        switch status {
        case 0: return
        case CInt(CRMQ_INVALID): throw AMQPError(.invalidConfiguration, replyText: "the virtual host's name has more than 255 bytes")
        case 1...: throw AMQPError(.refused, refusal)
        default: throw self.tlsFailure ?? Self.error(status)
        }
    }

    private static func milliseconds(_ duration: Duration) -> CInt {
        let (seconds, attoseconds) = duration.components
        // At least one: zero would mean no limit to the library.
        return max(1, CInt(clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue + attoseconds / 1_000_000_000_000_000))
    }

    // MARK: - Connected

    var descriptor: CInt { crmq_descriptor(self.connection) }

    /// Whether there are frames or bytes that a wait on the descriptor would not notice.
    var hasInput: Bool { crmq_has_input(self.connection) }

    /// The negotiated heartbeat; zero if the broker wants none.
    var heartbeat: Duration { .seconds(crmq_heartbeat_seconds(self.connection)) }

    /// The negotiated frame size.
    var frameBytesMax: Int { Int(crmq_frame_max_bytes(self.connection)) }

    /// Whether the socket has room for a message.
    var canSend: Bool { crmq_can_send(self.connection) }

    /// The next frame if it has arrived whole. Also sends the heartbeat that is due.
    func nextFrame() throws(AMQPError) -> BrokerFrame? {
        var frame = crmq_frame()
        let status = try self.call { crmq_next_frame(self.connection, &frame) }
        return status == 0 ? nil : try BrokerFrame(frame)
    }

    /// Frees the memory of the frames that were read.
    func release() { crmq_release(self.connection) }

    /// Sends all bytes. Blocks the thread while the socket is full.
    func send(_ bytes: [UInt8]) throws(AMQPError) {
        _ = try self.call { bytes.withUnsafeBufferPointer { crmq_send(self.connection, $0.baseAddress, $0.count) } }
    }

    /// Makes a call that may write, within the write timeout.
    private func call(_ body: () -> CInt) throws(AMQPError) -> CInt {
        let status = self.watchdog.guarding(until: .now + self.writeTimeout, body)
        guard status >= 0 else {
            self.isUsable = false
            throw Self.error(status)
        }
        return status
    }

    private static func error(_ status: CInt) -> AMQPError {
        let kind: AMQPError.Kind =
            switch status {
            case crmq_status_timeout: .timeout
            case crmq_status_heartbeat_timeout: .heartbeatTimeout
            case crmq_status_resolution_failed: .unreachable
            case crmq_status_bad_data: .protocolViolation
            default: .connectionLost
            }
        return AMQPError(kind, replyText: String(cString: crmq_status_text(status)))
    }
}

/// A text as a C string, nil as no pointer. The pointer must not leave the closure.
private func withCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    if let text { text.withCString(body) } else { body(nil) }
}
