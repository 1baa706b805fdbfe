import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Answers on a connection, without any task or handler, the requests that are too many.
///
/// Under overload this is most of what is done, and what it costs is taken from the requests that are accepted.
final class OverloadHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let refusal: (HTTPRequest) -> (head: HTTPResponse, body: ByteBuffer)?
    /// Of the request whose body is still arriving.
    private var answer: (head: HTTPResponse, body: ByteBuffer)?
    /// Requests that were passed on and are not answered: an answer must not overtake theirs.
    private var unanswered = 0

    /// - Parameter refusal: what a request is told if it is one too many, nil if it is not.
    init(refusal: @escaping (HTTPRequest) -> (head: HTTPResponse, body: ByteBuffer)?) {
        self.refusal = refusal
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            if self.unanswered == 0, let answer = self.refusal(head) {
                self.answer = answer
                return
            }
            self.unanswered += 1
        case .body:
            if self.answer != nil { return }
        case .end:
            if let answer = self.answer {
                self.answer = nil
                self.send(answer, context)
                return
            }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = self.unwrapOutboundIn(data) { self.unanswered -= 1 }
        context.write(data, promise: promise)
    }

    private func send(_ answer: (head: HTTPResponse, body: ByteBuffer), _ context: ChannelHandlerContext) {
        context.write(self.wrapOutboundOut(.head(answer.head)), promise: nil)
        if answer.body.readableBytes > 0 { context.write(self.wrapOutboundOut(.body(answer.body)), promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }
}

@available(*, unavailable)
extension OverloadHandler: Sendable {}
