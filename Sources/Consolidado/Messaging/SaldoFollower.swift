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
        // The queue also receives news of accounts whose last reader has left.
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
