import NIOConcurrencyHelpers
import NIOCore
import NIOHTTPTypes

/// Whether the caller of one request is still connected, for handlers that wait long.
final class CallerWatch: Sendable {
    private let goneBox = NIOLockedValueBox(false)

    /// Whether the caller has closed their side of the connection.
    var isGone: Bool { self.goneBox.withLockedValue { $0 } }

    fileprivate func callerIsGone() {
        self.goneBox.withLockedValue { $0 = true }
    }
}

/// Detects that the caller closed their side of a connection. The connection itself stays open until something is written to it.
final class CallerWatchHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var isGone = false
    /// The watch of the current request.
    private var watch: CallerWatch?

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            self.isGone = true
            self.watch?.callerIsGone()
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// A ``CallerWatch`` is the event that begins the watch.
    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let watch = event as? CallerWatch else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        self.watch = watch
        if self.isGone { watch.callerIsGone() }
        promise?.succeed()
    }
}

@available(*, unavailable)
extension CallerWatchHandler: Sendable {}
