import AMQP
import Contrato
import FluxoDeCaixa
import NIOConcurrencyHelpers

/// The queue of an instance that follows the news, and its bindings: one for each filter that readers have, because most news are of accounts
/// that nobody looks at.
///
/// The broker names the queue, and deletes it with its last consumer or its connection.
final class FeedQueue: FeedSource {
    private struct State {
        var filters: [AMQPTopology.Binding: FiltroDeConta] = [:]
        var link = FeedLink(isFollowing: false, starts: 0)
    }

    /// More than the broker can send while this process stands still for as long as the feed accepts (``SaldoFeedLimits/stallMax``).
    private static let newsMax: Int32 = 50_000

    /// The queue and its exchange. An empty name means the last queue that was declared on the channel.
    static let topology = AMQPTopology(
        exchanges: [.init(name: AMQPNames.Exchange.consolidados, kind: .topic)],
        queues: [
            .init(
                name: "", durable: false, exclusive: true, autoDelete: true,
                arguments: [
                    AMQPNames.QueueArgument.type: .string(AMQPNames.QueueArgument.classic),
                    AMQPNames.QueueArgument.maxLength: .int32(newsMax),
                ])
        ])

    private let consumer: BatchConsumer
    private let state = NIOLockedValueBox(State())

    /// - Parameter consumer: declares ``topology``.
    init(consumer: BatchConsumer) {
        self.consumer = consumer
    }

    var link: FeedLink {
        let consumption = self.consumer.consumption
        return self.state.withLockedValue { state in
            state.link.isFollowing = consumption.isConsuming
            // Within one start bindings are only added.
            if state.link.starts != consumption.starts || state.link.filters.count != consumption.bindings.count {
                state.link.starts = consumption.starts
                state.link.filters = Set(consumption.bindings.compactMap { state.filters[$0] })
            }
            return state.link
        }
    }

    func follow(_ filters: Set<FiltroDeConta>) async {
        let bindings = filters.map { filtro in
            let key = AMQPNames.RoutingKey.atualizados(filtro)
            return (AMQPTopology.Binding(queue: "", exchange: AMQPNames.Exchange.consolidados, routingKey: key), filtro)
        }
        let wanted = Set(bindings.map(\.0))
        self.state.withLockedValue { $0.filters.merge(bindings) { $1 } }
        await self.consumer.bind(wanted)
        await self.consumer.resumeConsuming()
    }

    func rest() async {
        await self.consumer.suspendConsuming()
        self.state.withLockedValue { $0.filters = [:] }
    }
}
