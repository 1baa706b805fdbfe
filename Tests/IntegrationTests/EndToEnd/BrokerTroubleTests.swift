import AMQP
import Contrato
import Fixtures
import FluxoDeCaixa
import Foundation
import Logging
import TestSupport
import Testing

/// What others may do to the broker and its queues; the services connect with their least rights here.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct BrokerTroubleTests {
    @Test func `poison reaches the dead letters with its reason, its neighbours the balance`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers) { stack in
                let good = Self.entry(1, conta: "boa", centavos: 700)
                let encoded = EventoLancamentoRegistrado.encode(good, urlPublica: "http://localhost")
                let text = String(decoding: encoded, as: UTF8.self)
                let bodies: [(id: String, body: [UInt8])] = [
                    ("ilegivel", Array("{\"specversion\":".utf8)),
                    ("invalido", Array(text.replacing(#""valor":"7.00""#, with: #""valor":"-7.00""#).utf8)),
                    ("versao-desconhecida", Array(text.replacing("registrado.v1", with: "registrado.v2").utf8)),
                    ("conflito", Array(text.replacing(#""valor":"7.00""#, with: #""valor":"8.00""#).utf8)),
                    ("bom", encoded),
                ]
                let administrator = try servers.url(.rabbitmq)
                let api = API(token: stack.token)
                // First the good one alone: of two contents for one id the first to arrive is the entry.
                try await Self.publish([Self.message("bom", encoded, good, administrator)], to: administrator)
                let isApplied = try await eventually {
                    try await api.get(stack.consolidados[0], "/v1/consolidados/2026-11-24?conta=boa")["saldo_final"] == "7.00"
                }
                #expect(isApplied)
                try await Self.publish(bodies.map { Self.message($0.id, $0.body, good, administrator) }, to: administrator)
                let letters = try await Self.deadLetters(4, on: administrator)
                for letter in letters {
                    let headers = letter.properties.headers ?? [:]
                    #expect(headers["motivo"]?.stringValue == headers["teste"]?.stringValue, "\(headers)")
                    #expect(headers["usuario"] == "administrador")
                    #expect(letter.properties.userID == nil && letter.properties.expiration == nil)
                    #expect(headers["CC"] == nil)
                    #expect(headers["fila"] == "consolidado.lancamentos")
                }
                #expect(Set(letters.compactMap { $0.properties.headers?["motivo"]?.stringValue }).count == 4)
                let day = try await api.get(stack.consolidados[0], "/v1/consolidados/2026-11-24?conta=boa")
                #expect(day["saldo_final"] == "7.00", "\(day.text)")
                #expect(day["quantidade_creditos"] == "1")
            }
        }
    }

    @Test func `a binding that somebody deletes is declared again, and no entry is lost meanwhile`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers) { stack in
                var load = Load(seed: UInt64.random(in: 0...UInt64.max))
                load.entries = 200
                load.clients = 2
                let key = AMQPNames.RoutingKey.allRegistrados.replacing("#", with: "%23")
                try await servers.management().request(
                    "DELETE", "bindings/%2F/e/\(AMQPNames.Exchange.lancamentos)/q/\(AMQPNames.Queue.consolidado)/\(key)"
                )
                let ledger = try await load.run(against: stack, pace: .milliseconds(20))
                try await BalanceCheck.expectEqual(ledger, load, stack)
            }
        }
    }

    // MARK: - As another program would

    private static func entry(_ number: UInt64, conta: String, centavos: Int64) -> Lancamento {
        TestEntry.make(number, conta: conta, centavos: centavos)
    }

    /// Straight to the queue, with everything that could make the broker refuse, expire or route a copy otherwise.
    private static func message(_ name: String, _ body: [UInt8], _ entry: Lancamento, _ url: String) -> AMQPMessage {
        var properties = AMQPProperties()
        properties.messageID = entry.id.description
        properties.userID = "administrador"
        properties.expiration = "600000"
        properties.replyTo = "alguem"
        properties.headers = ["teste": .string(name), "CC": .array([.string("desvio")])]
        return AMQPMessage(exchange: "", routingKey: AMQPNames.Queue.consolidado, properties: properties, body: body)
    }

    private static func publish(_ messages: [AMQPMessage], to url: String) async throws {
        let publisher = ConfirmedPublisher(
            configuration: try AMQPConfiguration(url: url, connectionName: "teste"), topology: AMQPTopology(),
            logger: Logger(label: "tests")
        )
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            defer { group.cancelAll() }
            let outcomes = await publisher.publish(messages)
            #expect(outcomes.allSatisfy { $0 == .confirmed }, "\(outcomes)")
        }
    }

    private static func deadLetters(_ count: Int, on url: String) async throws -> [Delivery] {
        let consumer = BatchConsumer(
            configuration: try AMQPConfiguration(url: url, connectionName: "teste"), topology: AMQPTopology(),
            queue: AMQPNames.Queue.consolidadoDLQ, logger: Logger(label: "tests")
        )
        return await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            defer { group.cancelAll() }
            var letters: [Delivery] = []
            while letters.count < count, let batch = await consumer.nextBatch() { letters += batch.deliveries }
            return letters
        }
    }
}
