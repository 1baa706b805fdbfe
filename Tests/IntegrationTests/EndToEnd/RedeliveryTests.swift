import Contrato
import Documents
import Fixtures
import TestSupport
import Testing

/// A message that has come back often is a message still.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct RedeliveryTests {
    /// RabbitMQ 4 drops a quorum queue's message after 20 unless the queue says otherwise.
    private static let returns = 40
    private static let queues = [
        AMQPNames.Queue.consolidado, AMQPNames.Queue.consolidadoDLQ, AMQPNames.Queue.comandos, AMQPNames.Queue.comandosDLQ,
    ]

    @Test func `no queue of ours drops a message, however often it is redelivered`() async throws {
        guard let url = TestServers.managementURL else { throw TestFailure("TESTE_RABBITMQ_MANAGEMENT_URL is not set") }
        let management = try Management(url: url)
        try await Stack.with(consolidados: 1) { stack in
            for queue in Self.queues {
                let declared = await eventually { (try? await management.request("GET", "queues/\(stack.virtualHost)/\(queue)")) != nil }
                #expect(declared, "\(queue)")
            }
            // Nobody else may take from the queues.
            await stack.lancamentos.terminate()
            await stack.consolidados[0].terminate()
            for queue in Self.queues {
                let routed = try await management.request(
                    "POST", "exchanges/\(stack.virtualHost)/amq.default/publish",
                    body: #"{"properties":{"delivery_mode":2},"routing_key":"\#(queue)","payload":"volta","payload_encoding":"string"}"#)
                #expect(try JSONReader.read(routed)["routed"] == .bool(true), "\(queue)")
                for number in 0...Self.returns {
                    let got = try await management.request(
                        "POST", "queues/\(stack.virtualHost)/\(queue)/get",
                        body: #"{"count":1,"ackmode":"reject_requeue_true","encoding":"auto"}"#)
                    let payloads = try JSONReader.read(got).elements.map { $0["payload"] }
                    try #require(payloads == [.string("volta")], "\(queue) after \(number) returns")
                }
            }
        }
    }
}
