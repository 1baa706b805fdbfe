import AMQP
import Contrato
import Fixtures
import TestSupport
import Testing

/// What the metrics count, on real instances.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct MetricsTests {
    @Test func `entries are counted once, by channel, and their value by type`() async throws {
        try await CommandScene.with { scene in
            let (entries, balances) = (scene.stack.lancamentos, scene.stack.consolidados[0])
            for (number, key) in [(1, "a"), (1, "a"), (2, "b")] {
                _ = try await scene.api.post(entries, CommandScene.body("loja", "\(number).50"), key: key)
            }
            let debit = #"{"conta":"loja","tipo":"debito","valor":"0.07","data":"\#(CommandScene.dia)"}"#
            _ = try await scene.api.send(
                "POST", "\(entries.url)/v1/lancamentos/lote", headers: [("Content-Type", "application/x-ndjson")],
                body: "\(debit)\n{}\n\(debit)\n")
            try await scene.asUser("integrador") { client in
                try await client.consume(CommandScene.direct)
                _ = try await client.ask("f1", CommandScene.body("loja", "100.00")) { $0.userID = "integrador" }
                _ = try await client.ask("f1", CommandScene.body("loja", "100.00")) { $0.userID = "integrador" }
            }
            try await scene.waitForCredits(3, "loja")
            let applied = try await eventually {
                try await scene.api.get(balances, "/metrics").metric("fluxo_consumer_applied_total") == 5
            }
            #expect(applied)
            let registered = try await scene.api.get(entries, "/metrics")
            #expect(registered.metric(#"fluxo_entries_registered_total{canal="rest"}"#) == 2)
            #expect(registered.metric(#"fluxo_entries_registered_total{canal="lote"}"#) == 2)
            #expect(registered.metric(#"fluxo_entries_registered_total{canal="fila"}"#) == 1)
            #expect(registered.metric(#"fluxo_commands_total{outcome="created"}"#) == 1)
            #expect(registered.metric(#"fluxo_commands_total{outcome="replayed"}"#) == 1)
            let value = try await scene.api.get(balances, "/metrics")
            #expect(value.metric(#"fluxo_consumer_applied_centavos_total{tipo="credito"}"#) == 10_400)
            #expect(value.metric(#"fluxo_consumer_applied_centavos_total{tipo="debito"}"#) == 14)
        }
    }

    @Test func `what is counted by a reason or an outcome is there from the start, as 0`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let api = API(token: nil)
            for instance in [stack.lancamentos, stack.consolidados[0]] {
                let metrics = try await api.get(instance, "/metrics")
                for motivo in Motivo.allCases {
                    #expect(metrics.metric("fluxo_consumer_dead_letters_total{motivo=\"\(motivo.rawValue)\"}") == 0, "\(motivo)")
                }
            }
            let entries = try await api.get(stack.lancamentos, "/metrics")
            for outcome in ["confirmed", "confirmed_direct", "returned", "rejected", "unknown", "not_sent", "invalid"] {
                #expect(entries.metric("fluxo_publish_total{outcome=\"\(outcome)\"}") == 0, "\(outcome)")
            }
            for canal in ["rest", "lote", "fila"] {
                #expect(entries.metric("fluxo_entries_registered_total{canal=\"\(canal)\"}") == 0, "\(canal)")
            }
            for (pool, size) in [("principal", 8.0), ("leitura", 4.0)] {
                #expect(entries.metric("fluxo_pool_size{pool=\"\(pool)\"}") == size, "\(pool)")
                #expect(entries.metric("fluxo_pool_timeouts_total{pool=\"\(pool)\"}") == 0, "\(pool)")
            }
        }
    }
}
