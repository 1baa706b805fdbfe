import AMQP
import Contrato
import FluxoDeCaixa
import Logging
import Mensageria
import NIOConcurrencyHelpers
import ServiceRuntime

/// The parts at the broker: the event of an entry through an exchange and a queue as the services declare them.
struct BrokerParts: Sendable {
    private static let name = "limites"

    let configuration: AMQPConfiguration
    let hoje: Dia
    let logger: Logger

    private var topology: AMQPTopology {
        AMQPTopology(
            exchanges: [.init(name: Self.name, kind: .topic)], queues: [.quorum(Self.name)],
            bindings: [.init(queue: Self.name, exchange: Self.name, routingKey: "#")])
    }

    /// Measures publishing in messages a second. The messages stay in the queue for ``consume(_:)``.
    func publish(for duration: Duration) async throws -> Measured {
        var settings = PublisherSettings()
        settings.windowMessagesMax = Workload.publishWindow
        settings.pendingMessagesMax = 4 * Workload.publishWindow
        let publishers = (0..<Workload.connections).map { _ in
            ConfirmedPublisher(configuration: self.configuration, topology: self.topology, settings: settings, logger: self.logger)
        }
        return try await Services.run(publishers) {
            // Two callers for each publisher, so that its window is not empty between two calls.
            let states = (0..<2 * Workload.connections).map { number in
                (publisher: publishers[number % publishers.count], entries: Entries(prefix: "limites-p\(number)", hoje: self.hoje))
            }
            return try await Stopwatch.measure(for: duration, states: states) { state in
                let messages = (0..<Workload.publishWindow).map { _ in Self.message(state.entries.next(agora: SystemClock.agora())) }
                let outcomes = await state.publisher.publish(messages)
                guard outcomes.allSatisfy({ $0 == .confirmed }) else { throw LimitesError("the broker did not confirm every message") }
                return outcomes.count
            }
        }
    }

    /// Measures consuming of the messages that ``publish(for:)`` left. It stops at 90 %, because the last ones may be in the batch of another
    /// consumer.
    func consume(_ count: Int) async throws -> Measured {
        var settings = ConsumerSettings()
        settings.batchMessagesMax = Workload.consumeBatchMessages
        settings.prefetchMessagesMax = UInt16(4 * Workload.consumeBatchMessages)
        let consumers = (0..<Workload.connections).map { _ in
            BatchConsumer(
                configuration: self.configuration, topology: self.topology, queue: Self.name, settings: settings, logger: self.logger)
        }
        let wanted = count * 9 / 10
        return try await Services.run(consumers) {
            while !consumers.allSatisfy(\.isConsuming) { try await Task.sleep(for: .milliseconds(1)) }
            let taken = NIOLockedValueBox(0)
            let start = ContinuousClock.now
            let end = await withTaskGroup(of: ContinuousClock.Instant.self) { group in
                for consumer in consumers {
                    group.addTask {
                        while taken.withLockedValue({ $0 }) < wanted, let batch = await consumer.nextBatch() {
                            await consumer.settle(batch.tags)
                            taken.withLockedValue { $0 += batch.deliveries.count }
                        }
                        return .now
                    }
                }
                let first = await group.next() ?? .now
                group.cancelAll()
                return first
            }
            return Measured(operations: taken.withLockedValue { $0 }, seconds: (end - start) / .seconds(1))
        }
    }

    private static func message(_ lancamento: Lancamento) -> AMQPMessage {
        var properties = AMQPProperties()
        properties.contentType = AMQPNames.ContentType.cloudEvent
        properties.persistent = true
        properties.messageID = lancamento.id.description
        properties.type = EventoLancamentoRegistrado.type
        return AMQPMessage(
            exchange: self.name, routingKey: EventoLancamentoRegistrado.routingKey(lancamento), properties: properties,
            body: EventoLancamentoRegistrado.encode(lancamento, urlPublica: "http://localhost:8080"))
    }
}
