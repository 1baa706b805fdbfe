import HTTPTypes
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTPTypes

/// Applies ``RequestPace`` to a connection, and detects that the caller closed their side of it (``CallerWatch``).
///
/// One handler for both: each handler of the pipeline costs every part of every message a call.
final class RequestPaceHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var pace: RequestPace
    /// Whether the caller closed their side. The connection itself stays open until something is written to it.
    private var isCallerGone = false
    /// The watch of the current request.
    private var watch: CallerWatch?
    private var timer: (deadline: NIODeadline, scheduled: Scheduled<Void>)?

    init(_ pace: RequestPace) {
        self.pace = pace
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.stopTimer()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.stopTimer()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.pace.isDiscarding else { return }
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.pace.readHead(isHEAD: head.method == .head, isUpgrade: head.asksForUpgrade, now: context.eventLoop.now)
        case .body: self.pace.readBody(now: context.eventLoop.now)
        case .end: self.pace.readEnd()
        }
        self.startTimer(context)
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            self.isCallerGone = true
            self.watch?.callerIsGone()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func read(context: ChannelHandlerContext) {
        if self.pace.mayRead { context.read() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.unwrapOutboundIn(data) {
        case .head(let head):
            if head.status.kind != .informational {
                self.pace.writeHead(
                    hasLength: head.headerFields[.contentLength] != nil, closes: head.headerFields[.connection] == "close")
            }
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            let (writesEnd, closes) = self.pace.writeEnd(now: context.eventLoop.now)
            self.startTimer(context)
            var written = promise
            if closes {
                let done = promise ?? context.eventLoop.makePromise(of: Void.self)
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                done.futureResult.whenComplete { _ in bound.value.close(mode: .output, promise: nil) }
                written = done
            }
            if writesEnd {
                context.writeAndFlush(data, promise: written)
            } else {
                context.flush()
                written?.succeed()
            }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.pace.writability(context.channel.isWritable, now: context.eventLoop.now)
        self.startTimer(context)
        context.fireChannelWritabilityChanged()
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event {
        case let watch as CallerWatch:
            self.watch = watch
            if self.isCallerGone { watch.callerIsGone() }
            promise?.succeed()
        case RequestPaceEvent.sendContinue:
            context.writeAndFlush(self.wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: promise)
        case RequestPaceEvent.keepMoving:
            self.pace.keepMoving(now: context.eventLoop.now)
            self.startTimer(context)
            promise?.succeed()
        case RequestPaceEvent.closeAfterAnswer:
            self.pace.closeAfterAnswer()
            promise?.succeed()
        default:
            context.triggerUserOutboundEvent(event, promise: promise)
        }
    }

    // MARK: - Timer

    /// One timer per connection: a later deadline does not touch the timer, an earlier one restarts it.
    private func startTimer(_ context: ChannelHandlerContext) {
        guard let deadline = self.pace.nextDeadline else { return }
        if let timer, timer.deadline <= deadline { return }
        self.stopTimer()
        let scheduled = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            self.fire(context)
        }
        self.timer = (deadline, scheduled)
    }

    private func stopTimer() {
        self.timer?.scheduled.cancel()
        self.timer = nil
    }

    private func fire(_ context: ChannelHandlerContext) {
        switch self.pace.expire(now: context.eventLoop.now) {
        case .none: break
        case .failBody: context.fireErrorCaught(RequestTooSlow())
        case .close: context.close(promise: nil)
        }
        if context.channel.isActive { self.startTimer(context) }
    }
}

@available(*, unavailable)
extension RequestPaceHandler: Sendable {}

extension HTTPRequest {
    /// Whether NIO's decoder treats the following bytes as another protocol: after CONNECT, and after `Upgrade`.
    var asksForUpgrade: Bool { self.method == .connect || self.headerFields[.upgrade] != nil }
}

/// Whether the caller of one request is still connected, for handlers that wait long. Sent as an outbound event, it begins the watch.
final class CallerWatch: Sendable {
    private let goneBox = NIOLockedValueBox(false)

    /// Whether the caller has closed their side of the connection.
    var isGone: Bool { self.goneBox.withLockedValue { $0 } }

    fileprivate func callerIsGone() {
        self.goneBox.withLockedValue { $0 = true }
    }
}
