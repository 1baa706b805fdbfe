import CRabbitMQ

/// The C connection, with its lifetime: the only place that touches `crmq_…`.
///
/// Not Sendable: it stays with the actor that made it, on that actor's thread, as librabbitmq wants.
final class BrokerHandle {
    private let connection: OpaquePointer
    private let watchdog: SendWatchdog
    private let writeTimeout: Duration
    private var writer = PropertiesWriter()

    /// Connects and logs in. Blocks the calling thread for name resolution and up to twice the connect timeout.
    /// - Throws: ``AMQPError/Kind/unreachable``, ``AMQPError/Kind/tlsFailed``, ``AMQPError/Kind/refused``, ``AMQPError/Kind/timeout`` or what else the handshake came to.
    init(configuration: AMQPConfiguration, endpoint: AMQPEndpoint, watchdog: SendWatchdog) throws(AMQPError) {
        guard let connection = crmq_new() else { throw AMQPError(.connectionLost, replyText: "out of memory") }
        self.connection = connection
        self.watchdog = watchdog
        self.writeTimeout = configuration.rpcTimeout
        // From here on deinit frees it, whatever is thrown.
        let timeout = Self.milliseconds(configuration.connectTimeout)
        let opened = Self.open(connection, endpoint, configuration.tls, timeout: timeout)
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

    private static func open(_ connection: OpaquePointer, _ endpoint: AMQPEndpoint, _ tls: AMQPTLS?, timeout: CInt) -> CInt {
        let port = CInt(clamping: endpoint.port)
        guard let tls else { return crmq_open(connection, endpoint.host, port, timeout) }
        return withCStrings(tls.authoritiesFile, tls.ownCertificate?.certificateFile, tls.ownCertificate?.keyFile) {
            var options = crmq_tls_options(ca_file: $0, certificate_file: $1, key_file: $2)
            return crmq_open_tls(connection, endpoint.host, port, timeout, &options)
        }
    }

    /// What connecting or logging in came to, if TLS is to blame.
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
        case 1...: throw Self.error(.refused, refusal)
        default: throw self.tlsFailure ?? Self.error(status)
        }
    }

    private static func milliseconds(_ duration: Duration) -> CInt {
        let (seconds, attoseconds) = duration.components
        // At least one: zero would mean no limit to the library.
        return max(1, CInt(clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue + attoseconds / 1_000_000_000_000_000))
    }

    // MARK: - Receiving

    var descriptor: CInt { crmq_descriptor(self.connection) }

    /// Frames or bytes that a wait on the descriptor would not notice.
    var hasInput: Bool { crmq_has_input(self.connection) }

    /// What was negotiated; zero if the broker wants none.
    var heartbeat: Duration { .seconds(crmq_heartbeat_seconds(self.connection)) }

    /// The next frame if it is there whole. Also sends the heartbeat that is due.
    func nextFrame() throws(AMQPError) -> BrokerFrame? {
        var frame = crmq_frame()
        let status = self.guarded { crmq_next_frame(self.connection, &frame) }
        if status < 0 { throw Self.error(status) }
        return status == 0 ? nil : try Self.convert(frame)
    }

    /// Gives back the memory of the frames that were read.
    func release() { crmq_release(self.connection) }

    /// Copies what a C frame points to.
    static func convert(_ frame: crmq_frame) throws(AMQPError) -> BrokerFrame {
        let onMessageChannel = frame.channel == 1
        switch Int32(frame.kind) {
        case Int32(CRMQ_FRAME_HEARTBEAT): return .heartbeat
        case Int32(CRMQ_FRAME_HEADER) where onMessageChannel:
            return .header(bodyBytes: frame.body_size, AMQPProperties(frame.properties))
        case Int32(CRMQ_FRAME_BODY) where onMessageChannel: return .body(Array(frame.body))
        case Int32(CRMQ_FRAME_METHOD) where onMessageChannel: return Self.convertChannelMethod(frame)
        case Int32(CRMQ_FRAME_METHOD) where frame.channel == 0: return Self.convertConnectionMethod(frame)
        default: throw AMQPError(.protocolViolation, replyText: "a frame on a channel that is not open")
        }
    }

    private static func convertChannelMethod(_ frame: crmq_frame) -> BrokerFrame {
        switch Int(frame.method) {
        case CRMQ_BASIC_DELIVER:
            .deliver(
                DeliverMethod(
                    number: frame.delivery_tag, redelivered: frame.flag, exchange: String(frame.exchange),
                    routingKey: String(frame.routing_key)))
        case CRMQ_BASIC_RETURN: .returned(ReturnMethod(code: frame.reply_code, text: String(frame.text)))
        case CRMQ_BASIC_ACK: .ack(tag: frame.delivery_tag, multiple: frame.flag)
        case CRMQ_BASIC_NACK: .nack(tag: frame.delivery_tag, multiple: frame.flag)
        case CRMQ_BASIC_CANCEL: .cancel
        case CRMQ_CHANNEL_CLOSE: .channelClose(Self.error(.channelClosed, frame))
        case CRMQ_CHANNEL_FLOW: .flow
        default: .reply(Int(frame.method))
        }
    }

    private static func convertConnectionMethod(_ frame: crmq_frame) -> BrokerFrame {
        switch Int(frame.method) {
        case CRMQ_CONNECTION_BLOCKED: .blocked(reason: String(frame.text))
        case CRMQ_CONNECTION_UNBLOCKED: .unblocked
        case CRMQ_CONNECTION_CLOSE: .connectionClose(Self.error(.connectionClosed, frame))
        default: .reply(Int(frame.method))
        }
    }

    // MARK: - Sending

    /// Whether the socket has room for a message.
    var canSend: Bool { crmq_can_send(self.connection) }

    /// Runs writes between TCP_CORK on and off, so that they leave in few segments. The cork is off again whatever happens: a corked socket
    /// holds back its last bytes for 200 ms.
    /// - Parameter wanted: a single write leaves whole anyway; two system calls are saved there.
    func corked<Failure>(_ wanted: Bool, _ writes: () throws(Failure) -> Void) throws(Failure) {
        guard wanted else { return try writes() }
        crmq_set_cork(self.connection, true)
        defer { crmq_set_cork(self.connection, false) }
        try writes()
    }

    func send(_ method: BrokerMethod) throws(AMQPError) {
        let connection = self.connection
        let status = try self.guarded { () throws(AMQPError) -> CInt in
            switch method {
            case .channelOpen: return crmq_send_channel_open(connection)
            case .channelClose: return crmq_send_channel_close(connection)
            case .confirmSelect: return crmq_send_confirm_select(connection)
            case .qos(let messages): return crmq_send_qos(connection, messages)
            case .exchangeDeclare(let exchange):
                return withBytes(exchange.name, exchange.kind.rawValue) { name, kind, _ in
                    crmq_send_exchange_declare(connection, name, kind, exchange.durable, exchange.autoDelete)
                }
            case .queueDeclare(let queue):
                let arguments = try queue.arguments.wireBytes()
                return withBytes(queue.name) { name, _, _ in
                    arguments.withBytes {
                        crmq_send_queue_declare(connection, name, queue.durable, queue.exclusive, queue.autoDelete, $0)
                    }
                }
            case .queueBind(let binding):
                return withBytes(binding.queue, binding.exchange, binding.routingKey) { crmq_send_queue_bind(connection, $0, $1, $2) }
            case .consume(let queue, let consumerTag):
                return withBytes(queue, consumerTag) { queue, tag, _ in crmq_send_consume(connection, queue, tag) }
            case .cancel(let consumerTag):
                return withBytes(consumerTag) { tag, _, _ in crmq_send_cancel(connection, tag) }
            }
        }
        try Self.check(status, invalid: .invalidConfiguration)
    }

    func sendAck(_ number: UInt64, multiple: Bool) throws(AMQPError) {
        try Self.check(self.guarded { crmq_send_ack(self.connection, number, multiple) }, invalid: .invalidMessage)
    }

    func sendChannelCloseOK() throws(AMQPError) {
        try Self.check(self.guarded { crmq_send_channel_close_ok(self.connection) }, invalid: .invalidMessage)
    }

    func sendConnectionClose() throws(AMQPError) {
        try Self.check(self.guarded { crmq_send_connection_close(self.connection) }, invalid: .invalidMessage)
    }

    func sendConnectionCloseOK() throws(AMQPError) {
        try Self.check(self.guarded { crmq_send_connection_close_ok(self.connection) }, invalid: .invalidMessage)
    }

    /// - Throws: ``AMQPError/Kind/invalidMessage`` if nothing was sent because the message cannot be; any other error leaves open whether
    ///   the
    ///   broker has it, and the connection is of no more use.
    func publish(_ message: AMQPMessage) throws(AMQPError) {
        try self.writer.prepare(message)
        let status = self.guarded {
            self.writer.withPrepared { exchange, routingKey, properties in
                message.body.withBytes { body in
                    crmq_publish(self.connection, exchange, routingKey, message.mandatory, properties, body)
                }
            }
        }
        try Self.check(status, invalid: .invalidMessage)
    }

    private func guarded<Failure>(_ call: () throws(Failure) -> CInt) throws(Failure) -> CInt {
        try self.watchdog.guarding(until: .now + self.writeTimeout, call)
    }

    // MARK: - Errors

    private static func check(_ status: CInt, invalid: AMQPError.Kind) throws(AMQPError) {
        if status == CRMQ_INVALID {
            throw AMQPError(invalid, replyText: "a text has more than 255 bytes, or properties do not fit a frame")
        }
        if status < 0 { throw Self.error(status) }
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

    private static func error(_ kind: AMQPError.Kind, _ frame: crmq_frame) -> AMQPError {
        AMQPError(kind, replyCode: frame.reply_code, replyText: String(frame.text), classID: frame.class_id, methodID: frame.method_id)
    }
}
