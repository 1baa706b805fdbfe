import AMQP
import Contrato
import Fixtures
import Logging
import TestSupport
import Testing

/// `consolidado.atualizado`, as another system follows it.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct NoticesTests {
    private static let members = [
        "total_creditos", "total_debitos", "transferencias_entrada", "transferencias_saida", "saldo_do_dia", "quantidade_creditos",
        "quantidade_debitos", "atualizado_em",
    ]

    /// The newest news of each day.
    private struct Followed {
        private(set) var newest: [String: (versao: Int, data: JSONValue)] = [:]
        private(set) var count = 0

        mutating func add(_ delivery: Delivery) throws {
            let event = try JSONReader.read(delivery.body)
            let data = try #require(event["data"])
            guard case .string(let conta)? = data["conta"], case .string(let dia)? = data["data"],
                case .number(let text)? = data["versao"], let versao = Int(text)
            else { throw TestFailure("no news: \(String(decoding: delivery.body, as: UTF8.self))") }
            self.count += 1
            #expect(delivery.exchange == "fluxo-caixa.consolidados" && delivery.routingKey == "consolidado.atualizado.\(conta)")
            #expect(event["id"] == .string("\(conta)/\(dia)/\(versao)"))
            #expect(delivery.properties.messageID == "\(conta)/\(dia)/\(versao)")
            #expect(delivery.properties.type == "br.fluxocaixa.consolidado.atualizado.v1")
            #expect(delivery.properties.contentType == "application/cloudevents+json" && delivery.properties.persistent == true)
            #expect(event["time"] == data["atualizado_em"] && event["subject"] == .string(conta))
            let key = "\(dia)?conta=\(conta)"
            if (self.newest[key]?.versao ?? 0) <= versao { self.newest[key] = (versao, data) }
        }
    }

    private static func topology(_ queue: String, arguments: AMQPTable = [:]) -> AMQPTopology {
        AMQPTopology(
            exchanges: [.init(name: AMQPNames.Exchange.consolidados, kind: .topic)],
            queues: [.init(name: queue, arguments: arguments)],
            bindings: [.init(queue: queue, exchange: AMQPNames.Exchange.consolidados, routingKey: "consolidado.atualizado.#")]
        )
    }

    /// Days whose newest news is not what REST says of the day's own movements.
    private static func differences(_ followed: Followed, _ load: Load, _ ledger: Ledger, _ stack: Stack) async throws -> [String] {
        let api = API(token: stack.token)
        var different: [String] = []
        for day in Set(ledger.entries.map { "\($0.data)?conta=\($0.conta)" }) {
            guard let news = followed.newest[day]?.data else {
                different.append("\(day): no news")
                continue
            }
            let answer = try JSONReader.read(try await api.get(stack.consolidados[0], "/v1/consolidados/\(day)").body)
            for member in Self.members where answer[member] != news[member] { different.append("\(day): \(member)") }
        }
        return different
    }

    private func follow(
        _ stack: Stack, _ load: Load, others: AMQPTopology? = nil
    ) async throws -> (followed: Followed, different: [String]) {
        let configuration = try AMQPConfiguration(url: stack.amqpURL, connectionName: "teste")
        let logger = Logger(label: "tests")
        let consumer = BatchConsumer(
            configuration: configuration, topology: Self.topology("eventos.teste"), queue: "eventos.teste", logger: logger)
        let other = others.map { ConfirmedPublisher(configuration: configuration, topology: $0, logger: logger) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            if let other { group.addTask { try await other.run() } }
            defer { group.cancelAll() }
            #expect(await eventually { consumer.isConsuming && other?.isReady != false })
            let api = API(token: stack.token)
            var ledger = Ledger()
            for item in load.makeItems() {
                let answer = try await api.post(stack.lancamentos, item.body, key: item.key)
                #expect(answer.status == 201)
                ledger.add(item.entry)
            }
            var followed = Followed()
            var different = ["nothing yet"]
            let deadline = ContinuousClock.now + .seconds(120)
            while !different.isEmpty, .now < deadline {
                while let batch = await Self.nextBatch(consumer) {
                    for delivery in batch.deliveries { try followed.add(delivery) }
                    await consumer.settle(batch.tags)
                }
                different = try await Self.differences(followed, load, ledger, stack)
            }
            return (followed, different)
        }
    }

    /// Returns nil if nothing arrives for half a second.
    private static func nextBatch(_ consumer: BatchConsumer) async -> DeliveryBatch? {
        await withTaskGroup(of: DeliveryBatch?.self) { group in
            group.addTask { await consumer.nextBatch() }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(500))
                return nil
            }
            let batch = await group.next() ?? nil
            group.cancelAll()
            return batch
        }
    }

    @Test func `the newest news of each day is what REST says of the day's own movements`() async throws {
        try await Stack.with { stack in
            let load = Load(entries: 300, accounts: 5, days: 4, seed: 11)
            let (followed, different) = try await self.follow(stack, load)
            #expect(different.isEmpty, "\(different.count), the first: \(different.first ?? "")")
            // Fewer than one for each entry: changes of a day within a moment are one.
            #expect(followed.count < load.entries)
        }
    }

    @Test func `a queue that refuses everything holds up neither the others nor consolidation`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let load = Load(entries: 60, accounts: 3, days: 2, seed: 12)
            let full: AMQPTable = ["x-max-length": .int32(0), "x-overflow": "reject-publish"]
            let (followed, different) = try await self.follow(stack, load, others: Self.topology("eventos.cheia", arguments: full))
            #expect(different.isEmpty, "\(different.count), the first: \(different.first ?? "")")
            #expect(followed.newest.count > 0)
        }
    }
}
