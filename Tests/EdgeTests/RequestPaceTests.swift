import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Edge

/// The handlers of one connection, on a clock that only the test moves.
struct EmbeddedConnection {
    let loop = EmbeddedEventLoop()
    let channel: EmbeddedChannel
    let errors = ErrorCollector()

    final class ErrorCollector: ChannelInboundHandler {
        typealias InboundIn = HTTPRequestPart
        var tooSlow = 0
        var others: [any Error] = []
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            if error is RequestTooSlow { self.tooSlow += 1 } else { self.others.append(error) }
        }
    }

    init(limit: ConnectionLimit = ConnectionLimit(connectionsMax: 10, logger: EdgeFixture.silent)) throws {
        let pace = RequestPace(requestMax: .seconds(30), idleMax: .seconds(60))
        self.channel = EmbeddedChannel(loop: self.loop)
        let pipeline = self.channel.pipeline.syncOperations
        try EdgeChannel.addHandlers(to: pipeline, ConnectionHandler(pace, limit: limit))
        try pipeline.addHandler(self.errors)
        try self.channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
    }

    func read(_ text: String) throws { try self.channel.writeInbound(ByteBuffer(string: text)) }
    func readHead(_ method: String = "POST", version: String = "1.1", _ headers: String = "") throws {
        let body = version == "1.1" ? "Transfer-Encoding: chunked\r\n" : ""
        try self.read("\(method) / HTTP/\(version)\r\nHost: h\r\n\(body)\(headers)\r\n")
    }
    func readBody() throws { try self.read("1\r\nx\r\n") }
    func readEnd() throws { try self.read("0\r\n\r\n") }
    func answer(
        _ headers: HTTPFields = [.contentLength: "0"], status: HTTPResponse.Status = .ok, drainsBetween: Bool = false
    ) throws {
        try self.channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: status, headerFields: headers)))
        if drainsBetween { self.drain() }
        try self.channel.writeOutbound(HTTPResponsePart.end(nil))
    }
    /// What was written since the last time.
    func written() throws -> String {
        var text = ""
        while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text
    }
    /// The requests that arrived at the handlers since the last time, by their method.
    func requests() throws -> [String] {
        var methods: [String] = []
        while let part = try self.channel.readInbound(as: HTTPRequestPart.self) {
            if case .head(let head) = part { methods.append(head.method.rawValue) }
        }
        return methods
    }
    func drain() { self.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    func trigger(_ event: ConnectionEvent) { self.channel.pipeline.triggerUserOutboundEvent(event, promise: nil) }
}

/// The deadlines of a connection.
@Suite struct RequestPaceTests {
    let connection: EmbeddedConnection
    var loop: EmbeddedEventLoop { self.connection.loop }
    var channel: EmbeddedChannel { self.connection.channel }
    var errors: EmbeddedConnection.ErrorCollector { self.connection.errors }

    init() throws {
        self.connection = try EmbeddedConnection()
    }

    @Test func completeRequestHasNoDeadline() throws {
        try self.connection.readHead()
        try self.connection.readEnd()
        self.loop.advanceTime(by: .hours(1))
        #expect(self.channel.isActive && self.errors.tooSlow == 0)
    }

    @Test func drippingBodyEndsAtTheDeadline() throws {
        try self.connection.readHead()
        for _ in 0..<29 {
            self.loop.advanceTime(by: .seconds(1))
            try self.connection.readBody()
        }
        #expect(self.errors.tooSlow == 0)
        self.loop.advanceTime(by: .seconds(1))
        #expect(self.errors.tooSlow == 1 && self.channel.isActive)
        // The answer can still go out; then the connection ends, whatever the client does.
        try self.connection.answer([.contentLength: "0", .connection: "close"])
        try self.connection.readBody()
        self.loop.advanceTime(by: .seconds(5))
        #expect(!self.channel.isActive)
    }

    @Test func earlyAnswerDoesNotEndTheDeadline() throws {
        try self.connection.readHead()
        try self.connection.answer()
        self.loop.advanceTime(by: .seconds(29))
        #expect(self.channel.isActive)
        self.loop.advanceTime(by: .seconds(1))
        #expect(!self.channel.isActive)
    }

    @Test func movingRequestOnlyHasToMove() throws {
        try self.connection.readHead()
        self.connection.trigger(.keepMoving)
        for _ in 0..<10 {
            self.loop.advanceTime(by: .seconds(29))
            try self.connection.readBody()
        }
        #expect(self.errors.tooSlow == 0)
        self.loop.advanceTime(by: .seconds(30))
        #expect(self.errors.tooSlow == 1)
    }

    @Test func nextRequestHasADeadlineOfItsOwn() throws {
        try self.connection.readHead()
        self.connection.trigger(.keepMoving)
        try self.connection.readEnd()
        try self.connection.answer()
        self.loop.advanceTime(by: .seconds(50))
        try self.connection.readHead()
        self.loop.advanceTime(by: .seconds(20))
        try self.connection.readBody()
        self.loop.advanceTime(by: .seconds(10))
        #expect(self.errors.tooSlow == 1)
    }

    @Test func pipelinedRequestWaitsForItsTurn() throws {
        try self.connection.readHead()
        try self.connection.readEnd()
        try self.connection.readHead()
        self.loop.advanceTime(by: .seconds(100))
        #expect(self.errors.tooSlow == 0 && self.channel.isActive)
        try self.connection.answer()
        self.loop.advanceTime(by: .seconds(29))
        #expect(self.errors.tooSlow == 0)
        self.loop.advanceTime(by: .seconds(1))
        #expect(self.errors.tooSlow == 1)
    }

    @Test func closingAnswerClosesTheOutputAndDiscards() throws {
        try self.connection.readHead()
        // The embedded channel knows no half-closure: closing its output closes it.
        try self.connection.answer([.contentLength: "0", .connection: "close"])
        #expect(try self.connection.written().lowercased().contains("connection: close"))
        #expect(!self.channel.isActive)
        var pace = RequestPace(requestMax: .seconds(30), idleMax: .seconds(60))
        let start = NIODeadline.uptimeNanoseconds(0)
        let isAccepted = pace.readHead(now: start)
        #expect(isAccepted)
        let form = pace.writeHead(hasLength: true, closes: true)
        #expect(form.connection == "close")
        let end = pace.writeEnd(now: start)
        #expect(end == (writesEnd: true, closes: true))
        #expect(pace.isDiscarding)
        // A slow reader has time until the socket has accepted everything.
        #expect(pace.nextDeadline == start + .seconds(60))
        pace.lastAnswerSent(now: start)
        #expect(pace.nextDeadline == start + .seconds(5))
        #expect(pace.expire(now: start + .milliseconds(4999)) == .none)
        #expect(pace.expire(now: start + .seconds(5)) == .close)
    }

    @Test func aCloseAskedForBeforeTheHeadIsKept() {
        var pace = RequestPace(requestMax: .seconds(30), idleMax: .seconds(60))
        let start = NIODeadline.uptimeNanoseconds(0)
        let isAccepted = pace.readHead(now: start)
        #expect(isAccepted)
        pace.closeAfterAnswer()
        let form = pace.writeHead(hasLength: false, closes: false)
        #expect(form.connection == "close")
        #expect(pace.writeEnd(now: start).closes)
    }

    @Test func headOfUnknownLengthHasNoLastChunk() throws {
        for (method, headers, hasEnd) in [("HEAD", HTTPFields(), false), ("HEAD", [.contentLength: "5"], false), ("GET", [:], true)] {
            try self.connection.readHead(method)
            try self.connection.readEnd()
            try self.connection.answer(headers)
            let written = try self.connection.written()
            #expect(written.hasSuffix("\r\n\r\n") && written.hasSuffix("\r\n\r\n0\r\n\r\n") == hasEnd, "\(written)")
        }
    }

    @Test func continueIsWritten() throws {
        try self.connection.readHead()
        self.connection.trigger(.sendContinue)
        #expect(try self.connection.written() == "HTTP/1.1 100 Continue\r\n\r\n")
        try self.connection.readEnd()
        try self.connection.answer()
        #expect(try self.connection.written().hasPrefix("HTTP/1.1 200"))
    }

    @Test func `a connection without a request ends after the idle limit, counted from the last answer`() throws {
        self.loop.advanceTime(by: .seconds(59))
        try self.connection.readHead()
        try self.connection.readEnd()
        self.loop.advanceTime(by: .seconds(600))
        try self.connection.answer()
        self.loop.advanceTime(by: .seconds(59))
        #expect(self.channel.isActive)
        self.loop.advanceTime(by: .seconds(1))
        #expect(!self.channel.isActive)
    }

    @Test func `half a head does not prolong the idle limit`() throws {
        self.loop.advanceTime(by: .seconds(30))
        try self.connection.read("GET / HTTP/1.1\r\nHost: ")
        self.loop.advanceTime(by: .seconds(30))
        #expect(!self.channel.isActive)
    }

    @Test func clientThatTakesNothingIsClosed() throws {
        try self.connection.readHead()
        try self.connection.readEnd()
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
