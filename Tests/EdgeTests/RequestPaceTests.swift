import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Edge

/// The deadlines of a connection on a clock that only moves when told.
@Suite struct RequestPaceTests {
    let loop = EmbeddedEventLoop()
    let channel: EmbeddedChannel
    let errors = ErrorCollector()

    final class ErrorCollector: ChannelInboundHandler {
        typealias InboundIn = HTTPRequestPart
        var tooSlow = 0
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            if error is RequestTooSlow { self.tooSlow += 1 }
        }
    }

    init() throws {
        let pace = RequestPace(requestMax: .seconds(30), stallMax: .seconds(60))
        self.channel = EmbeddedChannel(loop: self.loop)
        try self.channel.pipeline.syncOperations.addHandlers([RequestPaceHandler(pace), self.errors])
        try self.channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
    }

    func read(_ method: HTTPRequest.Method = .post) throws {
        try self.channel.writeInbound(HTTPRequestPart.head(HTTPRequest(method: method, scheme: "http", authority: "h", path: "/")))
    }
    func readBody() throws { try self.channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "x"))) }
    func readEnd() throws { try self.channel.writeInbound(HTTPRequestPart.end(nil)) }
    func answer(_ headers: HTTPFields = [.contentLength: "0"]) throws {
        try self.channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok, headerFields: headers)))
        try self.channel.writeOutbound(HTTPResponsePart.end(nil))
    }
    func outbound() throws -> [HTTPResponsePart] {
        var parts: [HTTPResponsePart] = []
        while let part = try self.channel.readOutbound(as: HTTPResponsePart.self) { parts.append(part) }
        return parts
    }

    @Test func completeRequestHasNoDeadline() throws {
        try self.read()
        try self.readEnd()
        self.loop.advanceTime(by: .hours(1))
        #expect(self.channel.isActive && self.errors.tooSlow == 0)
    }

    @Test func drippingBodyEndsAtTheDeadline() throws {
        try self.read()
        for _ in 0..<29 {
            self.loop.advanceTime(by: .seconds(1))
            try self.readBody()
        }
        #expect(self.errors.tooSlow == 0)
        self.loop.advanceTime(by: .seconds(1))
        #expect(self.errors.tooSlow == 1 && self.channel.isActive)
        // The answer can still go out; then the connection ends, whatever the client does.
        try self.answer([.contentLength: "0", .connection: "close"])
        try self.readBody()
        self.loop.advanceTime(by: .seconds(5))
        #expect(!self.channel.isActive)
    }

    @Test func earlyAnswerDoesNotEndTheDeadline() throws {
        try self.read()
        try self.answer()
        self.loop.advanceTime(by: .seconds(29))
        #expect(self.channel.isActive)
        self.loop.advanceTime(by: .seconds(1))
        #expect(!self.channel.isActive)
    }

    @Test func movingRequestOnlyHasToMove() throws {
        try self.read()
        self.channel.pipeline.triggerUserOutboundEvent(RequestPaceEvent.keepMoving, promise: nil)
        for _ in 0..<10 {
            self.loop.advanceTime(by: .seconds(29))
            try self.readBody()
        }
        #expect(self.errors.tooSlow == 0)
        self.loop.advanceTime(by: .seconds(30))
        #expect(self.errors.tooSlow == 1)
    }

    @Test func nextRequestHasADeadlineOfItsOwn() throws {
        try self.read()
        self.channel.pipeline.triggerUserOutboundEvent(RequestPaceEvent.keepMoving, promise: nil)
        try self.readEnd()
        try self.answer()
        self.loop.advanceTime(by: .seconds(100))
        try self.read()
        self.loop.advanceTime(by: .seconds(20))
        try self.readBody()
        self.loop.advanceTime(by: .seconds(10))
        #expect(self.errors.tooSlow == 1)
    }

    @Test func pipelinedRequestWaitsForItsTurn() throws {
        try self.read()
        try self.readEnd()
        try self.read()
        self.loop.advanceTime(by: .seconds(100))
        #expect(self.errors.tooSlow == 0 && self.channel.isActive)
        try self.answer()
        self.loop.advanceTime(by: .seconds(29))
        #expect(self.errors.tooSlow == 0)
        self.loop.advanceTime(by: .seconds(1))
        #expect(self.errors.tooSlow == 1)
    }

    @Test func closingAnswerClosesTheOutputAndDiscards() throws {
        try self.read()
        // The embedded channel knows no half-closure: closing its output closes it.
        try self.answer([.contentLength: "0", .connection: "close"])
        #expect(try self.outbound().count == 2)
        #expect(!self.channel.isActive)
        var pace = RequestPace(requestMax: .seconds(30), stallMax: .seconds(60))
        let start = NIODeadline.uptimeNanoseconds(0)
        pace.readHead(isHEAD: false, now: start)
        pace.writeHead(hasLength: true, closes: true)
        #expect(pace.writeEnd(now: start) == (writesEnd: true, closes: true))
        #expect(pace.isDiscarding)
        #expect(pace.nextDeadline == start + .seconds(5))
        #expect(pace.expire(now: start + .milliseconds(4999)) == .none)
        #expect(pace.expire(now: start + .seconds(5)) == .close)
    }

    @Test func aCloseAskedForBeforeTheHeadIsKept() {
        var pace = RequestPace(requestMax: .seconds(30), stallMax: .seconds(60))
        let start = NIODeadline.uptimeNanoseconds(0)
        pace.readHead(isHEAD: false, now: start)
        pace.closeAfterAnswer()
        pace.writeHead(hasLength: false, closes: false)
        #expect(pace.writeEnd(now: start).closes)
    }

    @Test func headOfUnknownLengthHasNoLastChunk() throws {
        try self.read(.head)
        try self.readEnd()
        try self.answer([:])
        #expect(try self.outbound().count == 1)
        try self.read(.head)
        try self.readEnd()
        try self.answer([.contentLength: "5"])
        #expect(try self.outbound().count == 2)
        try self.read(.get)
        try self.readEnd()
        try self.answer([:])
        #expect(try self.outbound().count == 2)
    }

    @Test func continueIsWritten() throws {
        try self.read()
        self.channel.pipeline.triggerUserOutboundEvent(RequestPaceEvent.sendContinue, promise: nil)
        #expect(try self.outbound() == [.head(HTTPResponse(status: .continue))])
        try self.readEnd()
        try self.answer()
        #expect(try self.outbound().count == 2)
    }

    @Test func clientThatTakesNothingIsClosed() throws {
        try self.read()
        try self.readEnd()
        self.channel.isWritable = false
        self.channel.pipeline.fireChannelWritabilityChanged()
        self.loop.advanceTime(by: .seconds(59))
        self.channel.isWritable = true
        self.channel.pipeline.fireChannelWritabilityChanged()
        self.loop.advanceTime(by: .seconds(60))
        #expect(self.channel.isActive)
        self.channel.isWritable = false
        self.channel.pipeline.fireChannelWritabilityChanged()
        self.loop.advanceTime(by: .seconds(60))
        #expect(!self.channel.isActive)
    }
}
