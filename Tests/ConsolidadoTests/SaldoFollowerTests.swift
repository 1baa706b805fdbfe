import AMQP
import Contrato
import Edge
import Fixtures
import FluxoDeCaixa
import Logging
import MensageriaFakes
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import Consolidado

@Suite(.timeLimit(.minutes(5))) struct SaldoFollowerTests {
    private static let dia = Dia(ano: 2026, mes: 11, dia: 24)!

    /// Changes that arrive as soon as they are wanted, or not at all.
    private final class FakeFeedSource: FeedSource {
        private let state: NIOLockedValueBox<(link: FeedLink, follows: Int, rests: Int)>
        private let isReachable: Bool

        init(isFollowing: Bool = true, isReachable: Bool = true) {
            self.state = NIOLockedValueBox((FeedLink(isFollowing: isFollowing, starts: 0, filters: isFollowing ? [.todas] : []), 0, 0))
            self.isReachable = isReachable
        }

        var link: FeedLink { self.state.withLockedValue { $0.link } }
        var follows: Int { self.state.withLockedValue { $0.follows } }
        var rests: Int { self.state.withLockedValue { $0.rests } }

        func follow(_ filters: Set<FiltroDeConta>) async {
            self.state.withLockedValue { state in
                state.follows += 1
                guard self.isReachable else { return }
                if !state.link.isFollowing { state.link = FeedLink(isFollowing: true, starts: state.link.starts + 1) }
                state.link.filters.formUnion(filters)
            }
        }

        func rest() async {
            self.state.withLockedValue { state in
                state.link.isFollowing = false
                state.rests += 1
            }
        }
    }

    /// A feed that notices no pause, however long a busy machine makes one.
    private static func feed(_ source: FakeFeedSource = FakeFeedSource(), _ configure: (inout SaldoFeedLimits) -> Void = { _ in })
        -> SaldoFeed
    {
        var limits = SaldoFeedLimits()
        limits.groups = 1
        limits.stallMax = .seconds(3600)
        limits.commentInterval = .seconds(3600)
        configure(&limits)
        let feed = SaldoFeed(limits: limits, source: source, agora: { Instante(milissegundos: 0) })
        // The first turn sees whether changes arrive.
        feed.turn(now: .now)
        return feed
    }

    private static func delivery(_ number: UInt64, key: String, body: [UInt8]) -> Delivery {
        Delivery(
            tag: DeliveryTag(generation: 1, number: number), redelivered: false, exchange: "fluxo-caixa.consolidados", routingKey: key,
            properties: AMQPProperties(), body: body, bodyBytesTotal: UInt64(body.count))
    }

    private static func news(_ conta: String, versao: Int64) throws -> [UInt8] {
        let noticia = EventoConsolidadoAtualizado.Noticia(
            conta: try #require(Conta(conta)), movimento: MovimentoDoDia(data: self.dia), versao: versao,
            atualizadoEm: Instante(milissegundos: 0))
        return EventoConsolidadoAtualizado.encode(noticia, urlPublica: "http://x")
    }

    /// Runs a follower over these deliveries to its end.
    private static func follow(_ feed: SaldoFeed, _ deliveries: [Delivery]) async throws -> [UInt64] {
        let source = FakeSource([deliveries]) { _ in true }
        try await SaldoFollower(source: source, feed: feed, logger: Logger(label: "test")).run()
        return await source.settled
    }

    @Test func `news reach the readers of their account as an event with the version and the data`() async throws {
        let feed = Self.feed()
        let reader = try feed.subscribe(.uma(Conta("loja42.caixa")!), validUntil: nil)
        #expect(await reader.next()?.count == 1)
        let settled = try await Self.follow(
            feed,
            [
                Self.delivery(1, key: "consolidado.atualizado.loja42.caixa", body: try Self.news("loja42.caixa", versao: 7)),
                Self.delivery(2, key: "consolidado.atualizado.outra", body: try Self.news("outra", versao: 1)),
            ])
        #expect(settled == [1, 2])
        feed.turn(now: .now)
        let blocks = try #require(await reader.next())
        #expect(blocks.count == 1)
        let lines = blocks[0].text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 5 && lines[0] == "id: 7" && lines[1] == "event: saldo" && lines[3].isEmpty && lines[4].isEmpty)
        let data = try JSONReader.read(Array(lines[2].dropFirst("data: ".count).utf8))
        #expect(data["conta"]?.text == "loja42.caixa" && data["versao"]?.integer == 7 && data["total_creditos"]?.text == "0.00")
    }

    @Test(arguments: ["{}", "no JSON", #"{"type":"br.fluxocaixa.consolidado.atualizado.v2"}"#])
    func `news that cannot be read are lost and settled, and perdeu reports it`(body: String) async throws {
        // Each turn has a comment, so that a reader without the word waits for nothing.
        let feed = Self.feed { $0.commentInterval = .zero }
        let reader = try feed.subscribe(.todas, validUntil: nil)
        #expect(await reader.next()?.count == 1)
        let settled = try await Self.follow(
            feed, [Self.delivery(1, key: "consolidado.atualizado.x", body: Array(body.utf8)), Self.delivery(2, key: "other", body: [])])
        #expect(settled == [1, 2])
        feed.turn(now: .now)
        #expect(await reader.next()?.map(\.text) == ["event: perdeu\ndata: {}\n\n", ": vivo\n\n"])
    }

    @Test func `news of an account under the key of another are not shown`() async throws {
        let feed = Self.feed()
        let reader = try feed.subscribe(.todas, validUntil: nil)
        #expect(await reader.next()?.count == 1)
        _ = try await Self.follow(feed, [Self.delivery(1, key: "consolidado.atualizado.a", body: try Self.news("b", versao: 1))])
        feed.turn(now: .now)
        #expect(await reader.next()?.map(\.text) == ["event: perdeu\ndata: {}\n\n"])
    }

    @Test func `a reader that is dropped leaves its place, and its sink receives the end`() async throws {
        let feed = Self.feed { $0.readersMax = 1 }
        let end = NIOLockedValueBox(false)
        do {
            let first = try feed.subscribe(.todas, validUntil: nil)
            #expect(throws: FeedRefusal.full) { try feed.subscribe(.todas, validUntil: nil) }
            #expect(await first.next()?.count == 1)
            first.next(.test { blocks in end.withLockedValue { $0 = blocks == nil } })
            withExtendedLifetime(first) {}
        }
        #expect(await eventually { end.withLockedValue { $0 } })
        let second = try feed.subscribe(.todas, validUntil: nil)
        #expect(await second.next()?.count == 1)
    }

    @Test func `the readers of one thread receive a change one after the other within the pause between two turns`() async throws {
        let feed = Self.feed { $0.interval = .milliseconds(20) }
        let loop = NIOAsyncTestingEventLoop()
        let received = NIOLockedValueBox(0)
        let readers = try (0..<10).map { _ in try feed.subscribe(.todas, validUntil: nil) }
        for reader in readers {
            #expect(await reader.next()?.count == 1)
            reader.next(EventSink(eventLoop: loop) { _ in received.withLockedValue { $0 += 1 } })
        }
        _ = try await Self.follow(feed, [Self.delivery(1, key: "consolidado.atualizado.a", body: try Self.news("a", versao: 1))])
        feed.turn(now: .now)
        await loop.run()
        #expect(received.withLockedValue { $0 } == 1)
        await loop.advanceTime(by: .milliseconds(10))
        #expect((2...9).contains(received.withLockedValue { $0 }))
        await loop.advanceTime(by: .milliseconds(10))
        #expect(received.withLockedValue { $0 } == readers.count)
        await loop.shutdownGracefully()
    }

    @Test func `changes begin before the first reader's stream, which misses none`() async throws {
        let source = FakeFeedSource(isFollowing: false)
        let feed = Self.feed(source) {
            $0.startMax = .seconds(3600)
            $0.restAfter = .seconds(3600)
        }
        let running = Task { await feed.run() }
        defer { running.cancel() }
        await feed.awaitChanges(of: .todas)
        #expect(source.link.isFollowing)
        let reader = try feed.subscribe(.todas, validUntil: nil)
        #expect(await reader.next()?.map(\.text) == [": vivo\n\n"])
    }

    @Test func `changes arrive as long as there are readers`() async throws {
        let source = FakeFeedSource(isFollowing: true)
        let feed = Self.feed(source) {
            $0.interval = .milliseconds(1)
            $0.restAfter = .zero
        }
        let running = Task { await feed.run() }
        defer { running.cancel() }
        #expect(await eventually { source.rests > 0 && !source.link.isFollowing })
        do {
            let reader = try feed.subscribe(.todas, validUntil: nil)
            #expect(await eventually { source.link.isFollowing })
            // A source that stops nevertheless receives the request again, and perdeu reports the gap to the reader.
            await source.rest()
            #expect(await eventually { source.link.isFollowing })
            var received = ""
            while !received.contains("perdeu") { received += try #require(await reader.next()).map(\.text).joined() }
        }
        #expect(await eventually { !source.link.isFollowing })
    }

    @Test func `a request that the source does not fulfil is repeated`() async throws {
        let source = FakeFeedSource(isFollowing: false, isReachable: false)
        let feed = Self.feed(source) { $0.interval = .milliseconds(1) }
        let running = Task { await feed.run() }
        defer { running.cancel() }
        let reader = try feed.subscribe(.todas, validUntil: nil)
        #expect(await eventually { source.follows >= 3 })
        withExtendedLifetime(reader) {}
    }

    @Test func `a reader waits for a broker that is away as long as the limit says, and not at shutdown`() async throws {
        let feed = Self.feed(FakeFeedSource(isFollowing: false, isReachable: false)) { $0.startMax = .milliseconds(20) }
        await feed.awaitChanges(of: .todas)
        let reader = try feed.subscribe(.todas, validUntil: nil)
        #expect(await reader.next()?.map(\.text) == [": vivo, sem o broker: as mudanças chegam quando ele voltar\n\n"])
        let ended = Self.feed(FakeFeedSource(isFollowing: false, isReachable: false)) { $0.startMax = .seconds(3600) }
        let running = Task { await ended.run() }
        running.cancel()
        await running.value
        await ended.awaitChanges(of: .todas)
        #expect(throws: FeedRefusal.closed) { try ended.subscribe(.todas, validUntil: nil) }
    }

    @Test func `streams end when the feed shuts down`() async throws {
        let feed = Self.feed()
        let reader = try feed.subscribe(.todas, validUntil: nil)
        #expect(await reader.next()?.count == 1)
        let running = Task { await feed.run() }
        async let end = reader.next()
        running.cancel()
        await running.value
        #expect(await end == nil)
    }
}

extension EventSink {
    fileprivate static func test(_ receive: @escaping @Sendable ([EventBlock]?) -> Void) -> EventSink {
        EventSink(eventLoop: MultiThreadedEventLoopGroup.singleton.next(), receive: receive)
    }
}

extension SaldoReader {
    /// Waits for the next blocks; nil: the stream has ended.
    fileprivate func next() async -> [EventBlock]? {
        await withCheckedContinuation { task in self.next(.test { task.resume(returning: $0) }) }
    }
}
