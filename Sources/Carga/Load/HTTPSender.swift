import NIOCore

/// Requests from outside the event loop, one answer awaited each: what is not under load's clock, as audits and lotes.
struct HTTPSender: Sendable {
    private let eventLoop: any EventLoop
    private let endpoints: NIOLoopBound<Endpoints>
    private let deadlines: RepeatedTask

    /// - Parameter limits: the caller sends no more at the same time than there are connections.
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

    /// Sends what the closure renders for the instance whose turn it is.
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

    /// Ends every connection; requests under way fail. It has to be called, or the deadlines are watched for ever.
    func close() {
        self.deadlines.cancel()
        self.eventLoop.execute { self.endpoints.value.close() }
    }
}
