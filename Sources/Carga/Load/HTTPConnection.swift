import NIOCore

/// A connection that carries one request at a time. Used on its event loop only.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Called once, with the answer or the reason why there is none.
    typealias Completion = (Result<HTTPAnswer, RequestFailure>) -> Void

    private struct Exchange {
        let completion: Completion
        let deadline: NIODeadline
    }

    private let channel: any Channel
    /// Told when a request has ended: whether the connection can carry another.
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

    /// Ends the request if its time is over. The connection goes with it: its answer may still come.
    func enforceDeadline(_ now: NIODeadline) {
        if let exchange, exchange.deadline <= now { self.fail(.timedOut) }
    }

    /// Ends the connection; a request under way ends without an answer.
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
        // Free before the completion runs, which may send the next request.
        self.onFree(self, isUsable)
        exchange?.completion(result)
    }
}
