import NIOCore
import NIOPosix

/// Keep-alive connections to one address, opened as they are needed. Used on its event loop only.
final class ConnectionPool {
    struct Limits: Sendable {
        var connectionsMax: Int
        /// From sending to the end of the answer.
        var answerMax: TimeAmount = .seconds(10)
        /// A connection that is not taken at once is retried by the kernel after 1 s, 3 s and 7 s.
        var connectMax: TimeAmount = .seconds(10)
    }

    let writer: RequestWriter
    private let address: HTTPAddress
    private let eventLoop: any EventLoop
    private let limits: Limits
    /// The one used last is used first, so that no more connections stay warm than are needed.
    private var free: [HTTPConnection] = []
    private var open: [ObjectIdentifier: HTTPConnection] = [:]
    private var connecting = 0
    private var isClosed = false

    init(address: HTTPAddress, token: Token, eventLoop: any EventLoop, limits: Limits) {
        self.address = address
        self.writer = RequestWriter(address: address, token: token)
        self.eventLoop = eventLoop
        self.limits = limits
    }

    /// Whether a request could be sent at once.
    var hasRoom: Bool {
        !self.isClosed && (!self.free.isEmpty || self.open.count + self.connecting < self.limits.connectionsMax)
    }

    /// Sends a request on a free connection or on a new one.
    func send(_ request: ByteBuffer, completion: @escaping HTTPConnection.Completion) {
        guard self.hasRoom else { return completion(.failure(.notSent("every connection is busy"))) }
        if let connection = self.free.popLast() {
            connection.send(request, deadline: .now() + self.limits.answerMax, completion: completion)
        } else {
            self.connect { result in
                switch result {
                case .success(let connection): connection.send(request, deadline: .now() + self.limits.answerMax, completion: completion)
                case .failure(let failure): completion(.failure(failure))
                }
            }
        }
    }

    /// Ends the requests whose time is over: called now and then, for a timer each would cost more than it brings.
    func enforceDeadlines(_ now: NIODeadline) {
        for connection in Array(self.open.values) { connection.enforceDeadline(now) }
    }

    /// Ends every connection.
    func close() {
        self.isClosed = true
        for connection in Array(self.open.values) { connection.close() }
    }

    private func connect(_ body: @escaping (Result<HTTPConnection, RequestFailure>) -> Void) {
        self.connecting += 1
        ClientBootstrap(group: self.eventLoop)
            .connectTimeout(self.limits.connectMax)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: self.address.host, port: self.address.port)
            .assumeIsolated()
            .whenComplete { result in
                self.connecting -= 1
                body(self.take(result))
            }
    }

    private func take(_ result: Result<any Channel, any Error>) -> Result<HTTPConnection, RequestFailure> {
        do {
            let channel = try result.get()
            guard !self.isClosed else {
                channel.close(promise: nil)
                return .failure(.notSent("the load has ended"))
            }
            let connection = HTTPConnection(channel: channel) { connection, isUsable in
                if isUsable {
                    self.free.append(connection)
                } else {
                    self.open[ObjectIdentifier(connection)] = nil
                    self.free.removeAll { $0 === connection }
                }
            }
            // The server says nothing before the first request, so that nothing can have been missed until here but its end.
            try channel.pipeline.syncOperations.addHandler(connection)
            guard channel.isActive else { return .failure(.notSent("the connection ended at once")) }
            self.open[ObjectIdentifier(connection)] = connection
            return .success(connection)
        } catch {
            return .failure(.notSent("\(self.address) cannot be reached"))
        }
    }
}
