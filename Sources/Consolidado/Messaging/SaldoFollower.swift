import AMQP
import Contrato
import Edge
import FluxoDeCaixa
package import Logging
package import Mensageria
import ServiceLifecycle

/// Follows the news of changed days of all instances, through a queue of this instance's own, for the readers of ``SaldoFeed``.
///
/// The queue exists only while the feed wants news, and ends with its connection. News that are missed because the connection was lost are
/// reported to the readers by `perdeu`.
package final class SaldoFollower: Service {
    private let source: any DeliverySource
    private let feed: SaldoFeed
    private let logger: Logger

    package init(source: any DeliverySource, feed: SaldoFeed, logger: Logger) {
        self.source = source
        self.feed = feed
        self.logger = logger
    }

    /// Follows until graceful shutdown.
    package func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                while let batch = await self.source.nextBatch() {
                    for delivery in batch.deliveries { self.receive(delivery) }
                    await self.source.settle(batch.tags)
                }
            }
            try await self.source.run()
            group.cancelAll()
        }
    }

    private func receive(_ delivery: Delivery) {
        guard let conta = AMQPNames.RoutingKey.contaAtualizada(delivery.routingKey) else {
            self.logger.debug("news with an unknown routing key")
            return
        }
        // Most news are of accounts that nobody looks at.
        guard self.feed.wants(conta) else { return }
        guard !delivery.isTruncated, let news = EventoConsolidadoAtualizado.decode(delivery.body), news.conta == conta else {
            self.logger.debug("news that cannot be read")
            self.feed.lose(conta)
            return
        }
        let block = EventBlock(event: "saldo", id: String(news.versao), data: news.dados)
        self.feed.offer(SaldoUpdate(chave: ChaveDeSaldo(conta: conta, data: news.data), versao: news.versao, block: block))
    }
}

extension BatchConsumer: FeedSource {
    package nonisolated var link: FeedLink { FeedLink(isFollowing: self.isConsuming, starts: self.consumingStarts) }

    package func follow() { self.resumeConsuming() }

    package func rest() async { await self.suspendConsuming() }
}

extension ConsolidadoTopology {
    /// More than the broker can send while this process stands still for as long as the feed accepts (``SaldoFeedLimits/stallMax``).
    private static let newsMax: Int32 = 50_000

    /// The queue of an instance that follows the news. The broker names it, and deletes it with its last consumer or its connection. An empty
    /// name means the last queue that was declared on the channel.
    static let feed = AMQPTopology(
        exchanges: [.init(name: AMQPNames.Exchange.consolidados, kind: .topic)],
        queues: [
            .init(
                name: "", durable: false, exclusive: true, autoDelete: true,
                arguments: [
                    AMQPNames.QueueArgument.type: .string(AMQPNames.QueueArgument.classic),
                    AMQPNames.QueueArgument.maxLength: .int32(newsMax),
                ])
        ],
        bindings: [.init(queue: "", exchange: AMQPNames.Exchange.consolidados, routingKey: AMQPNames.RoutingKey.allAtualizados)]
    )
}
