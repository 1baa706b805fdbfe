import AMQP
import Contrato
import Fixtures
import TestSupport
import Testing

/// An integrator's queue, full, rejecting or never read, holds back nothing.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct IntegratorQueueTests {
    @Test func `entries reach the balance past queues that reject every event`() async throws {
        try await CommandScene.with { scene in
            try await scene.asUser("integrador") { client in
                let full: AMQPTable = ["x-max-length": .int32(1), "x-overflow": "reject-publish"]
                let rejecting = try await client.declareQueue(arguments: full)
                let quorum = try await client.declareQueue(
                    "respostas.integrador.quorum", exclusive: false, durable: true,
                    arguments: ["x-queue-type": "quorum", "x-max-length": .int32(1), "x-overflow": "reject-publish"]
                )
                let unread = try await client.declareQueue()
                for queue in [rejecting, unread] { try await client.bind(queue, to: AMQPNames.Exchange.lancamentos, "#") }
                // A queue that he may write to is server-named: a quorum queue, which is not, is bound by the operator.
                try await scene.asAdministrator { try await $0.bind(quorum, to: AMQPNames.Exchange.lancamentos, "#") }
                for number in 1...100 {
                    let body = CommandScene.body("cheia", "\(number).00")
                    #expect(try await scene.api.post(scene.stack.lancamentos, body).status == 201)
                }
                try await scene.waitForCredits(100, "cheia")
            }
            // The rows are done, not sent again and again.
            let drained = try await eventually {
                try await scene.api.get(scene.stack.lancamentos, "/metrics").text.contains("\nfluxo_outbox_pending 0\n")
            }
            #expect(drained)
            let metrics = try await scene.api.get(scene.stack.lancamentos, "/metrics")
            #expect(try #require(metrics.metric(#"fluxo_publish_total{outcome="confirmed_direct"}"#)) > 0)
            #expect(metrics.metric(#"fluxo_publish_total{outcome="rejected"}"#) == 0)
            #expect(try scene.stack.lancamentos.readLog().contains("the consolidation has received them"))
        }
    }

    @Test func `while the consolidation's own queue is full as well, events wait and are sent later`() async throws {
        try await CommandScene.with { scene in
            let management = try scene.servers.management()
            // Nobody consumes the queue, which holds one message.
            await scene.stack.consolidados[0].terminate()
            try await management.request(
                "PUT", "policies/%2F/cheia",
                body: #"{"pattern":"^consolidado\\.lancamentos$","apply-to":"queues","priority":9,"#
                    + #""definition":{"max-length":1,"overflow":"reject-publish"}}"#
            )
            // A policy takes effect a moment later, which the management API does not report.
            try await Task.sleep(for: .seconds(1))
            for number in 1...20 {
                let body = CommandScene.body("cheia", "\(number).00")
                #expect(try await scene.api.post(scene.stack.lancamentos, body).status == 201)
            }
            let rejected = try await eventually {
                let metrics = try await scene.api.get(scene.stack.lancamentos, "/metrics")
                return try #require(metrics.metric(#"fluxo_publish_total{outcome="rejected"}"#)) > 0
            }
            #expect(rejected)
            try await management.request("DELETE", "policies/%2F/cheia")
            try await scene.stack.consolidados[0].start()
            try await scene.waitForCredits(20, "cheia")
        }
    }

    @Test func `a queue for answers that rejects them loses answers, no command`() async throws {
        try await CommandScene.with { scene in
            try await scene.asUser("integrador") { client in
                let full = "respostas.integrador.cheia"
                _ = try await client.declareQueue(full, arguments: ["x-max-length": .int32(1), "x-overflow": "reject-publish"])
                for number in 1...20 {
                    try await client.command("g\(number)", CommandScene.body("cheia"), replyTo: full) { $0.userID = "integrador" }
                }
                try await scene.waitForCredits(20, "cheia")
                for number in 1...5 {
                    try await client.command("f\(number)", "{", replyTo: full) { $0.userID = "integrador" }
                }
                #expect(try await scene.deadLetters(5).map(\.motivo) == Array(repeating: "ilegivel", count: 5))
            }
        }
    }
}
