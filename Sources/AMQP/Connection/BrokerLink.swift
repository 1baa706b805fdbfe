import CRabbitMQ
import SocketExecutor

/// One connection with its one channel: the C connection and the protocol state on top of it.
///
/// It is not Sendable: it lives with one session, on that session's thread. Only ``close(on:within:isolation:)`` waits for the broker.
final class BrokerLink {
    typealias Instant = ContinuousClock.Instant

    /// A quiet connection is looked at so many times a heartbeat: the library sends and misses heartbeats only inside its calls.
    private static let looksPerHeartbeat = 10
    private static let lookIntervalMax: Duration = .seconds(1)
    /// Output is sent when it has grown to this, so that a burst of large messages meets a full socket early.
    private static let outputBytesMax = 262_144

    let endpoint: AMQPEndpoint
    private let handle: BrokerHandle
    private var state: LinkState
    private let lookInterval: Duration

    /// Connects and logs in; blocks the thread meanwhile.
    /// - Parameter address: of the endpoint's host.
    init(_ thread: BrokerThread, _ endpoint: AMQPEndpoint, address: String) throws(AMQPError) {
        self.endpoint = endpoint
        self.handle = try BrokerHandle(configuration: thread.configuration, endpoint: endpoint, address: address, watchdog: thread.watchdog)
        self.state = LinkState(
            bodyBytesMax: thread.bodyBytesMax, frameBytesMax: self.handle.frameBytesMax, requestTimeout: thread.configuration.rpcTimeout)
        let heartbeat = self.handle.heartbeat
        self.lookInterval = heartbeat > .zero ? min(heartbeat / Self.looksPerHeartbeat, Self.lookIntervalMax) : Self.lookIntervalMax
    }

    var descriptor: CInt { self.handle.descriptor }

    /// Whether input is left that a wait on the descriptor would not notice.
    var hasInput: Bool { self.handle.hasInput }

    /// Until when a session may sleep if nothing happens.
    func wakeup(now: Instant) -> Instant {
        let look = now + self.lookInterval
        return self.state.requestDeadline.map { min(look, $0) } ?? look
    }

    // MARK: - Receiving

    /// The next event; nil when everything that has arrived is used up.
    func next(now: Instant) throws(AMQPError) -> BrokerEvent? {
        while let frame = try self.handle.nextFrame() {
            guard let event = try self.state.receive(frame, now: now) else { continue }
            if case .connectionClosed(let error) = event {
                // close-ok is a courtesy: the broker closes the socket in any case.
                if self.handle.canSend { try? self.flush() }
                throw error
            }
            return event
        }
        return nil
    }

    /// Frees the memory of the frames that were read.
    func release() { self.handle.release() }

    // MARK: - Sending

    /// Whether the socket has room for what is sent next.
    var canSend: Bool { self.handle.canSend }

    /// Queues requests.
    func request(_ methods: [BrokerMethod]) { self.state.request(methods) }

    /// Writes a message.
    func write(_ message: AMQPMessage) throws(AMQPError) { try self.state.output.write(message) }

    /// Writes acknowledgements.
    func write(_ acks: [AckLedger.Ack]) {
        for ack in acks { self.state.output.write(ack) }
    }

    /// Whether enough is written to be sent before more.
    var isOutputFull: Bool { self.state.output.bytes.count >= Self.outputBytesMax }

    /// Writes the request whose turn it is, then sends all that is written.
    func finishTurn(now: Instant) throws(AMQPError) {
        try self.state.writeRequests(now: now)
        try self.flush()
    }

    /// Sends all that is written, in one call.
    func flush() throws(AMQPError) {
        guard !self.state.output.bytes.isEmpty else { return }
        try self.handle.send(self.state.output.bytes)
        self.state.output.removeAll()
    }

    // MARK: - Closing

    /// Sends connection.close, waits up to the limit for the answer, and drops what arrives meanwhile. Sends nothing if the connection
    /// failed or the broker reads nothing now.
    func close(on executor: SocketExecutor, within limit: Duration, isolation: isolated (any Actor)? = #isolation) async {
        let deadline = Instant.now + limit
        guard self.handle.isUsable, !self.state.isBlocked, self.handle.canSend else { return }
        do throws(AMQPError) {
            self.state.output.writeConnectionClose()
            try self.flush()
            while .now < deadline {
                while let frame = try self.handle.nextFrame() {
                    switch frame {
                    // Any other answer is a late one; leaving then would reset the connection before the broker has read everything.
                    case .reply(CRMQ_CONNECTION_CLOSE_OK), .connectionClose: return
                    default: continue
                    }
                }
                self.handle.release()
                if await executor.wait(for: .read, on: self.handle.descriptor, until: deadline) == .cancelled { return }
            }
        } catch {
            // The connection failed, so it is closed, too.
            return
        }
    }
}
