import Fixtures
import HTTPTypes
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import NIOPosix
import Testing

@testable import Edge

@Suite(.timeLimit(.minutes(5))) struct EventStreamTests {
    private static let stream = "GET /events HTTP/1.1\r\nHost: h\r\n\r\n"
    private static let last = "GET /open HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

    /// What a handler holds while its stream is open.
    private final class Reader: Sendable {
        struct Log: Sendable {
            var calls = 0
            var sink: EventSink?
            var isReleased = false
        }

        private let script: NIOLockedValueBox<[[EventBlock]?]>
        private let log: NIOLockedValueBox<Log>

        /// - Parameter script: the answers to the first calls. Later calls have no answer.
        init(_ script: [[EventBlock]?], log: NIOLockedValueBox<Log>) {
            self.script = NIOLockedValueBox(script.reversed())
            self.log = log
        }

        deinit { self.log.withLockedValue { $0.isReleased = true } }

        func next(_ sink: EventSink) {
            self.log.withLockedValue {
                $0.calls += 1
                $0.sink = sink
            }
            if let answer = self.script.withLockedValue({ $0.popLast() }) { sink.send(answer) }
        }
    }

    /// A service with a stream of events, which one caller reads.
    private static func fixture(_ script: [[EventBlock]?], log: NIOLockedValueBox<Reader.Log>) -> EdgeFixture {
        var fixture = EdgeFixture()
        fixture.moreRoutes = [
            Route(.get, "/events", access: .open, staysOpen: true) { _, call in
                let reader = Reader(script, log: log)
                return call.eventStream { reader.next($0) }
            }
        ]
        return fixture
    }

    @Test func `blocks are chunks in their order, and after the end the connection serves another request`() async throws {
        let log = NIOLockedValueBox(Reader.Log())
        let fixture = Self.fixture([[.comment("a"), .comment("bc")], [.comment("d")], nil], log: log)
        let answer = try await fixture.serve { port in try await RawConnection.exchange(port: port, [Self.stream, Self.last]) }
        let answers = answer.text.components(of: "HTTP/1.1 200 OK\r\n")
        try #require(answers.count == 2, "\(answer.text)")
        #expect(answers[0].hasSuffix("\r\n\r\n5\r\n: a\n\n\r\n6\r\n: bc\n\n\r\n5\r\n: d\n\n\r\n0\r\n\r\n"), "\(answers[0])")
        let seen = log.withLockedValue { $0 }
        #expect(seen.calls == 3 && seen.isReleased)
    }

    @Test func `blocks that arrive after the end are not written`() async throws {
        let log = NIOLockedValueBox(Reader.Log())
        let fixture = Self.fixture([[.comment("a")], nil], log: log)
        let answer = try await fixture.serve { port in
            try await RawConnection.exchange(port: port, [Self.stream]) { text in
                guard text.hasSuffix("\r\n0\r\n\r\n"), let sink = log.withLockedValue({ $0.sink }) else { return false }
                sink.send([.comment("late")])
                return true
            }
        }
        #expect(answer.text.hasSuffix("\r\n\r\n5\r\n: a\n\n\r\n0\r\n\r\n"), "\(answer.text)")
    }

    @Test func `while the caller does not read, no further blocks are asked for`() async throws {
        let log = NIOLockedValueBox(Reader.Log())
        // More than the kernel accepts for a connection.
        let block = EventBlock(event: "b", data: Array(repeating: UInt8(ascii: "x"), count: 1 << 20))
        let count = 64
        let fixture = Self.fixture(Array(repeating: [block], count: count) + [nil], log: log)
        try await fixture.serve { port in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.autoRead, value: false)
                .connect(host: "127.0.0.1", port: port).get()
            try await channel.writeAndFlush(ByteBuffer(string: Self.stream))
            // The calls stop.
            var calls = -1
            #expect(
                try await eventually {
                    defer { calls = log.withLockedValue { $0.calls } }
                    try await Task.sleep(for: .milliseconds(200))
                    return calls > 0 && log.withLockedValue { $0.calls } == calls
                })
            #expect(calls < count, "\(calls) blocks were asked for")
            #expect(!log.withLockedValue { $0.isReleased })
            try await channel.setOption(.autoRead, value: true).get()
            channel.read()
            #expect(await eventually { log.withLockedValue { $0.isReleased } })
            #expect(log.withLockedValue { $0.calls } == count + 1)
            try await channel.close()
        }
    }

    /// Blocks that are small enough to wait in the connection must not hide that it stands still.
    @Test func `a caller that never reads is disconnected, however small the blocks`() async throws {
        let log = NIOLockedValueBox(Reader.Log())
        let block = EventBlock(event: "b", data: Array(repeating: UInt8(ascii: "x"), count: 4096))
        let count = 16_384
        var fixture = Self.fixture(Array(repeating: [block], count: count), log: log)
        fixture.settings.idleMaxS = 1
        try await fixture.serve { port in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.autoRead, value: false)
                .connect(host: "127.0.0.1", port: port).get()
            try await channel.writeAndFlush(ByteBuffer(string: Self.stream))
            #expect(await eventually(within: .seconds(60)) { log.withLockedValue { $0.isReleased } })
            #expect(log.withLockedValue { $0.calls } < count, "the kernel accepted everything")
            try await channel.close()
        }
    }

    @Test func `the stream of a caller that is gone ends with the next blocks`() async throws {
        let log = NIOLockedValueBox(Reader.Log())
        try await Self.fixture([[.comment("a")]], log: log).serve { port in
            _ = try await RawConnection.exchange(port: port, [Self.stream]) { $0.hasSuffix(": a\n\n\r\n") }
            #expect(
                try await eventually {
                    log.withLockedValue { $0.sink }?.send([.comment("b")])
                    try await Task.sleep(for: .milliseconds(10))
                    return log.withLockedValue { $0.isReleased }
                })
        }
    }

    @Test(arguments: [false, true]) func `a stream that is cancelled ends, and writes nothing more`(isCancelledFirst: Bool) async throws {
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1))
        let log = NIOLockedValueBox(Reader.Log())
        let output = {
            let reader = Reader([], log: log)
            return EventOutput(channel) { reader.next($0) }
        }()
        let (starts, start) = AsyncStream.makeStream(of: Void.self)
        let running = Task {
            for await _ in starts { break }
            await output.run()
        }
        if isCancelledFirst {
            running.cancel()
        } else {
            start.yield()
            #expect(await eventually { log.withLockedValue { $0.calls } == 1 })
            running.cancel()
        }
        await running.value
        let seen = log.withLockedValue { $0 }
        #expect(seen.isReleased && seen.calls == (isCancelledFirst ? 0 : 1))
        seen.sink?.send([.comment("late")])
        await channel.testingEventLoop.run()
        #expect(try await channel.readOutbound(as: HTTPResponsePart.self) == nil)
        _ = try await channel.finish()
    }

    @Test func `the sinks of one thread receive their blocks in slices over the time`() async throws {
        let (loop, other) = (NIOAsyncTestingEventLoop(), NIOAsyncTestingEventLoop())
        let received = NIOLockedValueBox<[Int]>([])
        let receivedByOther = NIOLockedValueBox<[Int]>([])
        let handOvers = (0..<12).map { number -> EventSink.HandOver in
            let box = number == 11 ? receivedByOther : received
            let itsLoop = number == 11 ? other : loop
            let sink = EventSink(eventLoop: itsLoop) { blocks in
                #expect(itsLoop.inEventLoop)
                box.withLockedValue { $0.append(blocks == nil ? -number : number) }
            }
            return (sink, number == 3 ? nil : [.comment("\(number)")])
        }
        // Five pauses: eleven sinks are three in each of the first slices, and two in the last.
        EventSink.send(handOvers, over: EventSink.slicePause * 5)
        let all = [0, 1, 2, -3, 4, 5, 6, 7, 8, 9, 10]
        for count in [3, 6, 9, 11] {
            await loop.run()
            #expect(received.withLockedValue { $0 } == Array(all.prefix(count)))
            await loop.advanceTime(by: TimeAmount(EventSink.slicePause) - .nanoseconds(1))
            #expect(received.withLockedValue { $0 } == Array(all.prefix(count)))
            await loop.advanceTime(by: .nanoseconds(1))
        }
        await other.run()
        #expect(receivedByOther.withLockedValue { $0 } == [11])
        // Without time there is one slice.
        EventSink.send(Array(handOvers.prefix(3)), over: .zero)
        await loop.run()
        #expect(received.withLockedValue { $0 } == all + [0, 1, 2])
        for loop in [loop, other] { await loop.shutdownGracefully() }
    }
}
