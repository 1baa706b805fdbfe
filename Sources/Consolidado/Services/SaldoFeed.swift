package import Edge
package import FluxoDeCaixa
import Metrics
import NIOConcurrencyHelpers
import ServiceLifecycle

/// Gives the changes of balances, of all instances, to the readers of this instance (`GET /v1/consolidados/eventos`).
///
/// It waits for no reader. The changes kept for a slow reader are bounded; beyond that it receives `perdeu` (``SaldoFeedState``).
package final class SaldoFeed: Service, Sendable {
    private let limits: SaldoFeedLimits
    private let state: NIOLockedValueBox<SaldoFeedState<EventSink>>
    private let source: any FeedSource
    private let agora: @Sendable () -> Instante

    private let streams = Gauge(label: "event_streams")
    private let lost = Counter(label: "event_stream_lost_total")
    private let connected = Gauge(label: "event_feed_connected")

    /// - Parameters:
    ///   - source: the changes, which are offered to this feed.
    ///   - agora: the clock by which tokens expire.
    package init(limits: SaldoFeedLimits = SaldoFeedLimits(), source: any FeedSource, agora: @escaping @Sendable () -> Instante) {
        self.limits = limits
        self.state = NIOLockedValueBox(SaldoFeedState(limits: limits, now: .now))
        self.source = source
        self.agora = agora
        // The metric exists before the first turn.
        self.lost.increment(by: 0)
        self.streams.record(0)
        self.connected.record(0)
    }

    /// The most readers at the same time.
    package var readersMax: Int { self.limits.readersMax }

    /// Waits until the changes of these accounts arrive, at most ``SaldoFeedLimits/startMax``: they do not arrive before the first reader.
    package func awaitChanges(of filtro: FiltroDeConta) async {
        guard let end = self.state.withLockedValue({ $0.expectReader(of: filtro, now: .now) }) else { return }
        defer { self.state.withLockedValue { $0.endWait() } }
        while self.state.withLockedValue({ $0.awaitsChanges(of: filtro) }), .now < end {
            do { try await Task.sleep(for: self.limits.interval / 10) } catch { return }
        }
    }

    /// Adds a reader of the accounts that the filter covers.
    /// - Parameters:
    ///   - validUntil: the stream ends then; nil: it does not.
    ///   - hasLost: the reader had a stream before, so changes may be missing in between.
    ///   - isWanted: whether the reader is still connected.
    package func subscribe(
        _ filtro: FiltroDeConta, validUntil: Instante?, hasLost: Bool = false, isWanted: @escaping @Sendable () -> Bool = { true }
    ) throws(FeedRefusal) -> SaldoReader {
        let added = self.state.withLockedValue { state in
            Result { () throws(FeedRefusal) in
                try state.subscribe(filtro, validUntil: validUntil, hasLost: hasLost, isWanted: isWanted, now: .now)
            }
        }
        return SaldoReader(feed: self, id: try added.get())
    }

    /// Whether a reader follows the account.
    package func wants(_ conta: Conta) -> Bool { self.state.withLockedValue { $0.wants(conta) } }

    /// A day has changed.
    package func offer(_ update: SaldoUpdate) { self.state.withLockedValue { $0.offer(update) } }

    /// A change of the account cannot be read.
    package func lose(_ conta: Conta) { self.state.withLockedValue { $0.lose(conta) } }

    /// Gives out changes until graceful shutdown, then ends every stream, so that the clients connect to another instance.
    package func run() async {
        // No turn waits for the broker.
        let (requests, continuation) = AsyncStream.makeStream(of: FeedRequest.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask { for await request in requests { await self.send(request) } }
            continuation.yield(.rest)
            await cancelWhenGracefulShutdown {
                var sent: (request: FeedRequest, at: ContinuousClock.Instant)?
                while (try? await Task.sleep(for: self.limits.interval / self.limits.groups)) != nil {
                    let now = ContinuousClock.now
                    let request = self.turn(now: now)
                    // Repeated now and then: the source may have followed, and stopped.
                    if let sent, sent.request == request, now - sent.at < self.limits.interval { continue }
                    sent = request.map { ($0, now) }
                    if let request { continuation.yield(request) }
                }
            }
            continuation.finish()
            self.send(self.state.withLockedValue { $0.close() })
            self.streams.record(0)
        }
    }

    private func send(_ request: FeedRequest) async {
        switch request {
        case .follow(let filters): await self.source.follow(filters)
        case .rest: await self.source.rest()
        }
    }

    /// Gives out what is due.
    /// - Returns: what the source has to do. It is repeated in each turn until the source has done it.
    @discardableResult
    func turn(now: ContinuousClock.Instant) -> FeedRequest? {
        let (link, agora) = (self.source.link, self.agora())
        let (handOvers, count, losses, request) = self.state.withLockedValue { state in
            let before = state.losses
            return (state.due(now: now, agora: agora, link: link), state.count, state.losses - before, state.request(now: now))
        }
        self.send(handOvers)
        self.streams.record(count)
        self.connected.record(link.isFollowing || count == 0 ? 1 : 0)
        if losses > 0 { self.lost.increment(by: losses) }
        return request
    }

    private func send(_ handOvers: [SaldoFeedState<EventSink>.HandOver]) {
        EventSink.send(handOvers.map { ($0.waiter, $0.blocks) }, over: self.limits.interval / self.limits.groups)
    }

    fileprivate func next(_ id: SaldoFeedState<EventSink>.ReaderID, _ sink: EventSink) {
        if let answer = self.state.withLockedValue({ $0.next(id, waiter: sink) }) { answer.waiter.send(answer.blocks) }
    }

    fileprivate func unsubscribe(_ id: SaldoFeedState<EventSink>.ReaderID) {
        self.state.withLockedValue { $0.unsubscribe(id) }?.send(nil)
    }
}

/// One reader of a ``SaldoFeed``. It leaves the feed when the last reference to it goes.
package final class SaldoReader: Sendable {
    private let feed: SaldoFeed
    private let id: UInt64

    fileprivate init(feed: SaldoFeed, id: UInt64) {
        self.feed = feed
        self.id = id
    }

    deinit { self.feed.unsubscribe(self.id) }

    /// Gives the next blocks to the sink, as soon as there are some; nil: the stream has ended. One sink at a time.
    package func next(_ sink: EventSink) { self.feed.next(self.id, sink) }
}
