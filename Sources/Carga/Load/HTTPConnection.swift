import NIOCore

/// A connection that carries one request at a time. Used only on its event loop.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Called once with the answer or with the reason for its absence.
    typealias Completion = (Result<HTTPAnswer, RequestFailure>) -> Void

    private struct Exchange {
        let completion: Completion
        let deadline: NIODeadline
    }

    private let channel: any Channel
    /// Called when a request has ended, with whether the connection can carry another.
    private let onFree: (HTTPConnection, _ isUsable: Bool) -> Void
    private var reader = ResponseReader()
    private var exchange: Exchange?
    private var isClosed = false

    init(channel: any Channel, onFree: @escaping (HTTPConnection, _ isUsable: Bool) -> Void) {
        self.channel = channel
        self.onFree = onFree
    }

    /// Sends a request. The connection must be free.
    func send(_ request: ByteBuffer, deadline: NIODeadline, completion: @escaping Completion) {
        precondition(self.exchange == nil, "one request at a time")
        self.exchange = Exchange(completion: completion, deadline: deadline)
        self.channel.writeAndFlush(request, promise: nil)
    }

    /// Fails the request if its deadline has passed. The connection is closed too, because the answer may still arrive.
    func enforceDeadline(_ now: NIODeadline) {
        if let exchange, exchange.deadline <= now { self.fail(.timedOut) }
    }

    /// Closes the connection and fails a request in flight.
    func close() {
        self.fail(.disconnected)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do throws(ResponseReader.Failure) {
            guard self.exchange != nil else { return self.fail(.malformed) }
            guard let answer = try self.reader.read(self.unwrapInboundIn(data)) else { return }
            self.end(.success(answer), isUsable: answer.keepsAlive)
        } catch {
            self.fail(.malformed)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.fail(.disconnected)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.fail(.disconnected)
    }

    private func fail(_ failure: RequestFailure) {
        guard !self.isClosed else { return }
        self.end(.failure(failure), isUsable: false)
    }

    private func end(_ result: Result<HTTPAnswer, RequestFailure>, isUsable: Bool) {
        let exchange = self.exchange
        self.exchange = nil
        if !isUsable {
            self.isClosed = true
            self.channel.close(promise: nil)
        }
        // Freed before the completion runs, because it may send the next request.
        self.onFree(self, isUsable)
        exchange?.completion(result)
    }
}

/// The reason why a request has no answer.
enum RequestFailure: Error, Equatable {
    /// No connection: the request was not sent.
    case notSent(String)
    case timedOut
    /// The connection ended before the answer was complete.
    case disconnected
    /// The answer is not HTTP that ``ResponseReader`` reads.
    case malformed
}

extension RequestFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .notSent(let reason): "not sent: \(reason)"
        case .timedOut: "no answer in time"
        case .disconnected: "the connection ended without an answer"
        case .malformed: "an answer that is not HTTP"
        }
    }
}
