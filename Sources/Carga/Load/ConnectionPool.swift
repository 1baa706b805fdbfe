import NIOCore
import NIOPosix

/// Keep-alive connections to one address, opened on demand. Used only on its event loop.
final class ConnectionPool {
    struct Limits: Sendable {
        var connectionsMax: Int
        /// From sending to the end of the answer.
        var answerMax: TimeAmount = .seconds(10)
    }

    /// The kernel retries an unanswered SYN after 1 s, 3 s and 7 s.
    private static let connectMax = TimeAmount.seconds(10)

    let writer: RequestWriter
    private let address: HTTPAddress
    private let eventLoop: any EventLoop
    private let limits: Limits
    /// Used last in, first out, so that only the needed connections stay warm.
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

    /// Fails the requests past their deadline. Called periodically, because a timer for each request costs more.
    func enforceDeadlines(_ now: NIODeadline) {
        for connection in Array(self.open.values) { connection.enforceDeadline(now) }
    }

    func close() {
        self.isClosed = true
        for connection in Array(self.open.values) { connection.close() }
    }

    private func connect(_ body: @escaping (Result<HTTPConnection, RequestFailure>) -> Void) {
        self.connecting += 1
        ClientBootstrap(group: self.eventLoop)
            .connectTimeout(Self.connectMax)
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
            // The server sends nothing before the first request, so only its close can have been missed.
            try channel.pipeline.syncOperations.addHandler(connection)
            guard channel.isActive else { return .failure(.notSent("the connection ended at once")) }
            self.open[ObjectIdentifier(connection)] = connection
            return .success(connection)
        } catch {
            return .failure(.notSent("\(self.address) cannot be reached"))
        }
    }
}

/// The instances of one service, used in turn. Used only on its event loop.
final class Endpoints {
    private let pools: [ConnectionPool]
    private var next = 0

    /// - Parameter limits: apply to each instance.
    init(_ addresses: [HTTPAddress], token: Token, eventLoop: any EventLoop, limits: ConnectionPool.Limits) {
        self.pools = addresses.map { ConnectionPool(address: $0, token: token, eventLoop: eventLoop, limits: limits) }
    }

    /// The next instance with a free connection; nil if there is none.
    func choose() -> ConnectionPool? {
        for _ in self.pools.indices {
            let pool = self.pools[self.next]
            self.next = (self.next + 1) % self.pools.count
            if pool.hasRoom { return pool }
        }
        return nil
    }

    func enforceDeadlines(_ now: NIODeadline) {
        for pool in self.pools { pool.enforceDeadlines(now) }
    }

    func close() {
        for pool in self.pools { pool.close() }
    }
}

/// Sends requests from outside the event loop and awaits each answer, for work that is not part of a measured rate: audits and lotes.
struct HTTPSender: Sendable {
    private let eventLoop: any EventLoop
    private let endpoints: NIOLoopBound<Endpoints>
    private let deadlines: RepeatedTask

    /// - Parameter limits: a caller must not send more concurrent requests than there are connections.
    static func make(
        _ addresses: [HTTPAddress], token: Token, eventLoop: any EventLoop, limits: ConnectionPool.Limits
    ) async throws -> HTTPSender {
        try await eventLoop.submit {
            let endpoints = NIOLoopBound(
                Endpoints(addresses, token: token, eventLoop: eventLoop, limits: limits), eventLoop: eventLoop)
            let deadlines = eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(100), delay: .milliseconds(100)) { _ in
                endpoints.value.enforceDeadlines(.now())
            }
            return HTTPSender(eventLoop: eventLoop, endpoints: endpoints, deadlines: deadlines)
        }.get()
    }

    /// Sends the rendered request to the next instance.
    func send(_ render: @escaping @Sendable (RequestWriter) -> ByteBuffer) async throws(RequestFailure) -> HTTPAnswer {
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<HTTPAnswer, RequestFailure>, Never>) in
            self.eventLoop.execute {
                guard let pool = self.endpoints.value.choose() else {
                    return continuation.resume(returning: .failure(.notSent("every connection is busy")))
                }
                pool.send(render(pool.writer)) { continuation.resume(returning: $0) }
            }
        }
        return try result.get()
    }

    /// Closes every connection and fails the requests in flight. Must be called: it also stops the deadline timer.
    func close() {
        self.deadlines.cancel()
        self.eventLoop.execute { self.endpoints.value.close() }
    }
}
