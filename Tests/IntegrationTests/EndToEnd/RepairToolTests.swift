import Contrato
import Documents
import Fixtures
import TestSupport
import Testing

/// The tools that look at and repair what the services store, as operators run them.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct RepairToolTests {
    @Test func `the outbox is shown, and published without a service`() async throws {
        try await RepairScene.with { scene in
            try await scene.register(0..<6)
            try await scene.waitUntilCounted(6)
            #expect(await scene.lancamentos.terminate() == 0)
            try await scene.change(
                "lancamentos",
                """
                insert into outbox (id, criado_em) select id, now() - interval '1 hour' from lancamentos;
                insert into outbox (id) values ('0190a000-0000-7000-8000-000000000001')
                """)
            let status = try await scene.lancamentos.run("outbox", "status")
            #expect(status.status == 0 && status.text.contains("pending: 7\n"), "\(status.text)")
            #expect(status.text.contains("without their entry, never published: 1\n"), "\(status.text)")
            #expect(status.text.contains("oldest: 36"), "\(status.text)")
            #expect(status.text.contains("broker: reachable\n"), "\(status.text)")
            let simulated = try await scene.lancamentos.run("outbox", "publish", "--simular")
            #expect(simulated.status == 0 && simulated.text.contains("would publish 6 events"), "\(simulated.text)")

            let published = try await scene.lancamentos.run("outbox", "publish")
            // The row without an entry is left.
            #expect(published.status == 1 && published.text.contains("published 6 events, left 1"), "\(published.text)")
            let duplicates = try await eventually {
                try await scene.api.get(scene.consolidado, "/metrics").metric("fluxo_consumer_duplicates_total") == 6
            }
            #expect(duplicates)
            #expect(try await scene.counted() == 6)
            try await scene.change("lancamentos", "delete from outbox")
            let commands = try await scene.run("outbox", of: "repair.md", as: scene.lancamentos)
            #expect(commands.status == 0 && commands.text.contains("published 0 events, left 0"), "\(commands.text)")
            let letters = try await scene.run("dlq", of: "repair.md", as: scene.consolidado)
            #expect(letters.status == 0 && letters.text.contains("would requeue 0 dead letters"), "\(letters.text)")
            let unreachable = try await scene.lancamentos.run(
                "outbox", "publish", environment: ["FLUXO_LANCAMENTOS_AMQP_URL": "amqp://127.0.0.1:1"])
            #expect(unreachable.status == 2 && unreachable.text.contains("cannot be reached"), "\(unreachable.text)")
        }
    }

    @Test func `what a deleted queue lost is replayed, and one queue alone can be fed`() async throws {
        guard let url = TestServers.managementURL else { throw TestFailure("TESTE_RABBITMQ_MANAGEMENT_URL is not set") }
        let management = try Management(url: url)
        try await RepairScene.with { scene in
            #expect(await scene.consolidado.terminate() == 0)
            try await scene.register(0..<9)
            let waiting = try await scene.lancamentos.run("outbox", "publish")
            #expect(waiting.status == 0, "\(waiting.text)")
            try await management.request("DELETE", "queues/\(scene.stack.virtualHost)/\(AMQPNames.Queue.consolidado)")
            try await scene.consolidado.start()
            try await scene.register(9..<10)
            try await scene.waitUntilCounted(1)

            let simulated = try await scene.lancamentos.run(
                "replay", "--de", "2026-01-01T00:00:00Z", "--ate", "2100-01-01T00:00:00Z", "--simular")
            #expect(simulated.status == 0 && simulated.text.contains("would publish 10 events"), "\(simulated.text)")
            let replayed = try await scene.run(
                "replay", of: "repair.md", as: scene.lancamentos, ["DE": "2026-01-01T00:00:00Z", "ATE": "2100-01-01T00:00:00Z"])
            #expect(replayed.status == 0, "\(replayed.text)")
            #expect(replayed.text.contains("published 10 events, done until 2100-01-01T00:00:00.000Z"), "\(replayed.text)")
            try await scene.waitUntilCounted(10)

            try await management.request(
                "PUT", "queues/\(scene.stack.virtualHost)/eventos.outro",
                body: #"{"durable":true,"arguments":{"x-queue-type":"quorum"}}"#)
            func replay(to queue: String) async throws -> (status: Int32, text: String) {
                try await scene.lancamentos.run(
                    "replay", "--de", "2026-01-01T00:00:00Z", "--ate", "2100-01-01T00:00:00Z", "--para", queue)
            }
            let fed = try await replay(to: "eventos.outro")
            #expect(fed.status == 0 && fed.text.contains("published 10 events"), "\(fed.text)")
            let got = try await management.request(
                "POST", "queues/\(scene.stack.virtualHost)/eventos.outro/get",
                body: #"{"count":100,"ackmode":"reject_requeue_true","encoding":"auto"}"#)
            #expect(try JSONReader.read(got).elements.count == 10)
            // Nobody else received them again.
            #expect(try await scene.api.get(scene.consolidado, "/metrics").metric("fluxo_consumer_duplicates_total") == 1)
            let absent = try await replay(to: "eventos.ausente")
            #expect(absent.status == 2 && absent.text.contains("did not confirm"), "\(absent.text)")
            #expect(try await replay(to: AMQPNames.Queue.comandos).status == 64)
        }
    }

    @Test func `wrong balances are found and corrected while entries arrive`() async throws {
        try await RepairScene.with { scene in
            try await scene.register(0..<42)
            try await scene.waitUntilCounted(42)
            let before = try await scene.balances()
            let clean = try await scene.consolidado.run("audit", "--contra-lancamentos", environment: scene.extract)
            #expect(clean.status == 0, "\(clean.text)")
            #expect(clean.text.contains("extract: 42 registered entries compared, 0 differ"), "\(clean.text)")
            let versions = try await scene.versions()

            // A day that is wrong, one that is missing, a month, an account that is wrong and one that is missing.
            try await scene.change(
                "consolidado",
                """
                update saldos_diarios set creditos = creditos + 100, transferencias_entrada = 7 where conta = 'loja.0' and data = '2026-03-01';
                delete from saldos_diarios where conta = 'loja.1' and data = '2026-03-02';
                update totais_mensais set saldo = saldo - 5 where conta = 'loja.2';
                update contas set quantidade = 0, primeira_data = '2001-01-01' where conta = 'loja.0';
                delete from contas where conta = 'loja.1'
                """)
            let found = try await scene.consolidado.run("audit")
            #expect(found.status == 1, "\(found.text)")
            for line in [
                "day\tloja.0\t2026-03-01\tcreditos\t", "day\tloja.1\t2026-03-02\tquantidade_creditos\t2\t0",
                "month\tloja.2\t2026-03-01\tsaldo\t", "account\tloja.0\t-\tquantidade\t14\t0", "account\tloja.1\t-\tquantidade\t14\t0",
                "account\tloja.0\t-\tprimeira_data…ultima_data\t2026-03-01…2026-03-07\t2001-01-01…2026-03-07",
            ] {
                #expect(found.text.contains(line), "\(line) in \(found.text)")
            }
            let simulated = try await scene.consolidado.run("rebuild", "--simular")
            #expect(simulated.status == 0 && simulated.text.contains("would correct"), "\(simulated.text)")
            #expect(try await scene.consolidado.run("audit").status == 1)

            // Entries arrive while balances are corrected.
            async let more: Void = scene.register(42..<84)
            let rebuilt = try await scene.run("rebuild", of: "repair.md", as: scene.consolidado)
            #expect(rebuilt.status == 0 && rebuilt.text.contains("balances: corrected"), "\(rebuilt.text)")
            try await more
            try await scene.waitUntilCounted(84)
            let audited = try await scene.run("audit", of: "repair.md", as: scene.consolidado)
            #expect(audited.status == 0, "\(audited.text)")
            for (old, new) in zip(versions, try await scene.versions()) { #expect(new > old) }
            #expect(try await scene.balances() != before)
            // Corrected once: a second run has nothing to do.
            let again = try await scene.consolidado.run("rebuild")
            #expect(again.status == 0 && again.text.contains("corrected 0 numbers"), "\(again.text)")
        }
    }

    @Test func `a rebuild may be confined to an account and to days`() async throws {
        try await RepairScene.with { scene in
            try await scene.register(0..<42)
            try await scene.waitUntilCounted(42)
            let before = try await scene.balances()
            try await scene.change("consolidado", "update saldos_diarios set debitos = debitos + 100")
            let arguments = ["--conta loja.1", "--conta loja.0 --de 2026-03-02 --ate 2026-03-04", ""]
            for argument in arguments {
                #expect(try await scene.consolidado.run("audit").status == 1, "before \(argument)")
                let rebuilt = try await scene.consolidado.script("consolidado rebuild \(argument)")
                #expect(rebuilt.status == 0, "\(rebuilt.text)")
            }
            #expect(try await scene.consolidado.run("audit").status == 0)
            #expect(try await scene.balances() == before)
        }
    }
}
