import NIOCore
import NIOHTTP1
import NIOPosix

/// Open streams of changed balances (`GET /v1/consolidados/eventos`), each of one account, as open pages hold them.
struct EventReaders: Sendable {
    /// What the streams have received.
    struct Counts: Sendable, Equatable {
        /// Events `saldo`.
        var events = 0
        /// Events `perdeu`: changes are missing.
        var lost = 0
        /// Streams that the server has ended.
        var ended = 0

        static func += (sum: inout Counts, counts: Counts) {
            sum.events += counts.events
            sum.lost += counts.lost
            sum.ended += counts.ended
        }
    }

    /// Streams that are opened at the same time.
    private static let openingMax = 32

    private let eventLoop: any EventLoop
    private let readers: NIOLoopBoundBox<[EventReader]>

    /// Opens streams at the instances in turn, each of the next account.
    /// - Throws: ``BenchFailure`` if an instance does not answer with a stream, `CancellationError`.
    static func open(
        _ count: Int, of contas: [String], at addresses: [HTTPAddress], token: Token, eventLoop: any EventLoop
    ) async throws -> EventReaders {
        let opened = EventReaders(eventLoop: eventLoop, readers: .makeBoxSendingValue([], eventLoop: eventLoop))
        do {
            for first in stride(from: 0, to: count, by: self.openingMax) {
                let targets = (first..<min(count, first + self.openingMax)).map { number in
                    (addresses[number % addresses.count], contas[number / addresses.count % contas.count])
                }
                try await eventLoop.flatSubmit {
                    let readers = targets.map { EventReader(of: $0.1, at: $0.0, token: token, eventLoop: eventLoop) }
                    opened.readers.value += readers
                    return EventLoopFuture.andAllSucceed(readers.map { $0.open() }, on: eventLoop)
                }.get()
                try Task.checkCancellation()
            }
        } catch {
            try await opened.close()
            throw error
        }
        return opened
    }

    func counts() async throws -> Counts {
        try await self.eventLoop.submit {
            self.readers.value.reduce(into: Counts()) { $0 += $1.counts }
        }.get()
    }

    func close() async throws {
        try await self.eventLoop.submit { self.readers.value.forEach { $0.close() } }.get()
    }
}

/// One open stream. Used only on its event loop.
private final class EventReader: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private static let openMax = TimeAmount.seconds(10)

    var counts: EventReaders.Counts { .init(events: self.events.saldo, lost: self.events.perdeu, ended: self.hasEnded ? 1 : 0) }

    private var events = EventCounter()
    private var hasEnded = false
    private let address: HTTPAddress
    private let request: HTTPRequestHead
    private let eventLoop: any EventLoop
    private let opened: EventLoopPromise<Void>
    private var channel: (any Channel)?
    private var isClosed = false

    init(of conta: String, at address: HTTPAddress, token: Token, eventLoop: any EventLoop) {
        self.address = address
        self.request = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/v1/consolidados/eventos?conta=\(conta)",
            headers: ["Host": "\(address.host):\(address.port)", "Authorization": "Bearer \(token.text)"])
        self.eventLoop = eventLoop
        self.opened = eventLoop.makePromise()
    }

    /// The future succeeds when the stream has begun, and fails with a ``BenchFailure`` if it does not.
    func open() -> EventLoopFuture<Void> {
        let deadline = self.eventLoop.assumeIsolated().scheduleTask(in: Self.openMax) { self.fail("did not begin in time") }
        self.opened.futureResult.whenComplete { _ in deadline.cancel() }
        ClientBootstrap(group: self.eventLoop)
            .connectTimeout(Self.openMax)
            .connect(host: self.address.host, port: self.address.port)
            .assumeIsolated()
            .whenComplete { self.take($0) }
        return self.opened.futureResult
    }

    func close() { self.fail("was closed") }

    private func take(_ result: Result<any Channel, any Error>) {
        guard case .success(let channel) = result else { return self.fail("cannot be reached") }
        self.channel = channel
        guard !self.isClosed else { return channel.close(promise: nil) }
        do {
            // The server sends nothing before the request.
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            try channel.pipeline.syncOperations.addHandler(self)
        } catch {
            return self.fail("ended at once")
        }
        // Its close may have been missed until now.
        guard channel.isActive else { return self.fail("ended at once") }
        channel.write(HTTPClientRequestPart.head(self.request), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head) where head.status == .ok: self.opened.succeed()
        case .head(let head): self.fail("was answered \(head.status.code)")
        case .body(let bytes): self.events.take(bytes.readableBytesView)
        case .end: self.end()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.end()
    }

    private func end() {
        if !self.isClosed { self.hasEnded = true }
        self.fail("ended at once")
    }

    /// Closes the stream. The reason is that of ``open()``, unless the stream has begun.
    private func fail(_ reason: String) {
        self.isClosed = true
        self.opened.fail(BenchFailure("a stream of events at \(self.address) \(reason)"))
        self.channel?.close(promise: nil)
    }
}

/// Counts the events of a stream by their names (HTML standard, §9.2). It reads parts of any size.
struct EventCounter {
    private(set) var saldo = 0
    private(set) var perdeu = 0
    /// The beginning of the current line.
    private var line: [UInt8] = []

    private static let saldoLine = Array("event: saldo".utf8)
    private static let perdeuLine = Array("event: perdeu".utf8)

    mutating func take(_ bytes: some Collection<UInt8>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if self.line == Self.saldoLine { self.saldo += 1 } else if self.line == Self.perdeuLine { self.perdeu += 1 }
                self.line.removeAll(keepingCapacity: true)
            } else if self.line.count <= Self.perdeuLine.count {
                self.line.append(byte)
            }
        }
    }
}
