import NIOCore

/// What became of a request.
enum Outcome: Sendable, Equatable {
    /// The answer that was wanted.
    case accepted
    /// 429 or 503: certainly not done. Without `Retry-After` it breaks the contract.
    case shed(hasRetryAfter: Bool)
    /// Another answer: with the load that is sent here, always a fault.
    case refused(status: Int)
    /// No clear answer: it may have been done or not.
    case unknown
}

/// What a stream of requests sends and what it makes of the answers. Used on the event loop only.
protocol Traffic: AnyObject {
    /// Renders a request.
    /// - Parameter number: counted from 0.
    func request(_ number: Int, _ writer: RequestWriter) -> ByteBuffer
    /// Takes what became of it.
    func take(_ number: Int, _ result: Result<HTTPAnswer, RequestFailure>) -> Outcome
}
