import HTTPTypes
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Events from the edge to the connection's handler.
enum ConnectionEvent: Sendable {
    /// Write `100 Continue`.
    case sendContinue
    /// The request has no total time limit from now on, only a limit of silence.
    case keepMoving
    /// Close the connection after the answer that is being written.
    case closeAfterAnswer
    /// Close the connection unless a request is being handled: another one needs its place.
    case closeIfUnused
}

/// The edge's handler of a connection: turns the parser's parts into ``HTTPRequest``s and answers into bytes (``AnswerWriter``), applies
/// ``RequestPace`` and ``ConnectionLimit``, and detects that the caller closed their side (``CallerWatch``).
///
/// One handler for all: each handler of the pipeline costs every part of every message a call.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = ByteBuffer

    private var pace: RequestPace
    private var writer = AnswerWriter()
    private let limit: ConnectionLimit
    /// `nil`: refused, or closed.
    private var place: ConnectionLimit.Place?
    private var use = ConnectionUse.new
    /// Whether the caller closed their side. The connection itself stays open until something is written to it.
    private var isCallerGone = false
    /// The watch of the current request.
    private var watch: CallerWatch?
    private var timer: (deadline: NIODeadline, scheduled: Scheduled<Void>)?

    init(_ pace: RequestPace, limit: ConnectionLimit) {
        self.pace = pace
        self.limit = limit
    }

    // MARK: - Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.place = self.limit.open(context.channel, now: context.eventLoop.now)
        if context.channel.isActive { self.begin(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.end()
    }

    func channelActive(context: ChannelHandlerContext) {
        self.begin(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end()
        context.fireChannelInactive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard self.place != nil else { return self.closeAtOnce(context) }
        self.pace.opened(now: context.eventLoop.now)
        self.startTimer(context)
    }

    private func end() {
        self.stopTimer()
        guard let place else { return }
        self.place = nil
        self.limit.close(place)
    }

    /// Not through the pipeline: TLS would first wait some seconds for the client's farewell.
    private func closeAtOnce(_ context: ChannelHandlerContext) {
        context.channel._channelCore.close0(error: ChannelError.ioOnClosedChannel, mode: .all, promise: nil)
    }

    // MARK: - Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.pace.isDiscarding else { return }
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.readHead(context, head)
        case .body(let buffer):
            self.pace.readBody(now: context.eventLoop.now)
            self.startTimer(context)
            context.fireChannelRead(self.wrapInboundOut(.body(buffer)))
        case .end(let trailers):
            self.pace.readEnd(now: context.eventLoop.now)
            self.startTimer(context)
            context.fireChannelRead(self.wrapInboundOut(.end(trailers.map { HTTPFields($0, splitCookie: false) })))
        }
    }

    private func readHead(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
        do throws(HTTPParserError) {
            var request = try HTTPRequest(reading: head)
            let asked = AskedRequest(
                isHEAD: request.method == .head, isHTTP10: head.version == .http1_0, keepsConnection: head.isKeepAlive,
                isUpgrade: request.asksForUpgrade)
            guard self.pace.readHead(asked, now: context.eventLoop.now) else { return }
            // The library ends its loop of requests after this very value.
            if !asked.keepsConnection { request.headerFields[.connection] = "close" }
            self.update(context)
            context.fireChannelRead(self.wrapInboundOut(.head(request)))
        } catch {
            self.pace.refuseHead(now: context.eventLoop.now)
            self.startTimer(context)
            context.fireErrorCaught(error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What follows the last request need not be readable.
        if self.pace.isDiscarding, error is HTTPParserError { return }
        context.fireErrorCaught(error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            self.isCallerGone = true
            self.watch?.callerIsGone()
        case is ChannelShouldQuiesceEvent:
            self.pace.drain(now: context.eventLoop.now)
            self.startTimer(context)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func read(context: ChannelHandlerContext) {
        if self.pace.mayRead { context.read() }
    }

    // MARK: - Writing

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.unwrapOutboundIn(data) {
        case .head(let response):
            self.writeHead(response)
            if let promise { self.send(context, promise) }
        case .body(let buffer):
            for buffer in self.writer.writeBody(buffer) { context.write(self.wrapOutboundOut(buffer), promise: nil) }
            if let promise { self.send(context, promise) }
        case .end:
            let (writesEnd, closes) = self.pace.writeEnd(now: context.eventLoop.now)
            self.update(context)
            if writesEnd { self.writer.writeEnd() }
            var promise = promise
            if closes {
                let done = promise ?? context.eventLoop.makePromise(of: Void.self)
                let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
                done.futureResult.whenComplete { _ in bound.value.handler.lastAnswerSent(bound.value.context) }
                promise = done
            }
            self.send(context, promise)
            context.flush()
        }
    }

    func flush(context: ChannelHandlerContext) {
        self.send(context, nil)
        context.flush()
    }

    /// Sends the bytes that the writer has buffered.
    private func send(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        if let buffer = self.writer.take() {
            context.write(self.wrapOutboundOut(buffer), promise: promise)
        } else if promise != nil {
            // It succeeds after everything that was sent before.
            context.write(self.wrapOutboundOut(ByteBuffer()), promise: promise)
        }
    }

    private func writeHead(_ response: HTTPResponse) {
        var response = response
        guard response.status.kind != .informational else { return self.writer.writeHead(response, isHTTP10: false) }
        let form = self.pace.writeHead(
            hasLength: response.headerFields[.contentLength] != nil, hasBody: response.status.allowsBody,
            closes: response.headerFields[.connection] == "close")
        if let connection = form.connection { response.headerFields[.connection] = connection }
        self.writer.writeHead(response, isHTTP10: form.isHTTP10)
    }

    private func lastAnswerSent(_ context: ChannelHandlerContext) {
        guard self.place != nil else { return }
        self.pace.lastAnswerSent(now: context.eventLoop.now)
        self.startTimer(context)
        context.close(mode: .output, promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.pace.writability(context.channel.isWritable, now: context.eventLoop.now)
        self.update(context)
        context.fireChannelWritabilityChanged()
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event {
        case let watch as CallerWatch:
            self.watch = watch
            if self.isCallerGone { watch.callerIsGone() }
        case ConnectionEvent.sendContinue:
            guard self.pace.mayContinue else { break }
            self.writer.writeHead(HTTPResponse(status: .continue), isHTTP10: false)
            self.send(context, promise)
            return context.flush()
        case ConnectionEvent.keepMoving:
            self.pace.keepMoving(now: context.eventLoop.now)
            self.startTimer(context)
        case ConnectionEvent.closeAfterAnswer:
            self.pace.closeAfterAnswer()
        case ConnectionEvent.closeIfUnused:
            if self.use != .busy { self.closeAtOnce(context) }
        default:
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        promise?.succeed()
    }

    // MARK: - Use and timer

    /// After a step that may change the use of the connection.
    private func update(_ context: ChannelHandlerContext) {
        let use = self.pace.use
        if use != self.use, let place {
            self.use = use
            self.limit.change(place, to: use, now: context.eventLoop.now)
        }
        self.startTimer(context)
    }

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
extension ConnectionHandler: Sendable {}

/// Whether the caller of one request is still connected, for handlers that wait long. Sent as an outbound event, it begins the watch.
final class CallerWatch: Sendable {
    private let goneBox = NIOLockedValueBox(false)

    /// Whether the caller has closed their side of the connection.
    var isGone: Bool { self.goneBox.withLockedValue { $0 } }

    fileprivate func callerIsGone() {
        self.goneBox.withLockedValue { $0 = true }
    }
}
