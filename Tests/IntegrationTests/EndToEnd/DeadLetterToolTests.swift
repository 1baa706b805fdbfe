import Contrato
import Fixtures
import TestSupport
import Testing

@testable import AMQP

/// The command `dlq` of both programs, against the real broker with the rights of each user.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct DeadLetterToolTests {
    /// Puts a letter into a queue of dead letters, as a service would have written it.
    private static func put(
        _ id: String, _ body: String, from queue: String, key: String, usuario: String, motivo: Motivo = .invalido, _ scene: CommandScene
    ) async throws {
        _ = try await scene.asAdministrator { client in
            try await client.publish("", "\(queue).dlq", body) { properties in
                properties.messageID = id
                properties.persistent = true
                properties.headers = [
                    "motivo": .string(motivo.rawValue), "erro": "x", "recebido_em": "2026-11-20T10:00:00.000Z", "fila": .string(queue),
                    "chave_de_roteamento": .string(key), "usuario": .string(usuario),
                ]
            }
        }
    }

    private static func waitForLetters(_ count: Int, _ instance: ServiceProcess) async throws -> String {
        var text = ""
        let there = try await eventually {
            text = try await instance.run("dlq", "list").text
            return text.hasSuffix("\n\(count) dead letters\n")
        }
        #expect(there, "expected \(count): \(text)")
        return text
    }

    @Test func `a command is listed, shown, requeued under its old rules, and discarded after a question`() async throws {
        try await CommandScene.with { scene in
            let service = scene.stack.lancamentos
            let secret = #"{"conta":"loja.caixa","tipo":"segredo","valor":"1.00"}"#
            try await scene.asUser("integrador") { client in
                try await client.command("k1", secret, key: "lancamento.registrar.loja.caixa") { $0.userID = "integrador" }
                try await client.command(nil, CommandScene.body("loja.caixa"))
            }
            let queue = AMQPNames.Queue.comandos
            // Valid now, as after a change of the rules.
            let key = "lancamento.registrar.loja.caixa"
            try await Self.put("k2", CommandScene.body("loja.caixa"), from: queue, key: key, usuario: "integrador", scene)
            // Another account than its key's: the rights of its sender do not reach it.
            try await Self.put("k3", CommandScene.body("outra"), from: queue, key: key, usuario: "integrador", scene)

            let list = try await Self.waitForLetters(4, service)
            #expect(list.contains("\tinvalido\t\(secret.utf8.count)\tk1\tintegrador\t"), "\(list)")
            #expect(list.contains("\tsem-message-id\t") && !list.contains("segredo"), "\(list)")
            let shown = try await service.run("dlq", "show", "--message-id", "k1")
            #expect(shown.status == 0 && shown.text.contains(secret) && shown.text.contains("chave_de_roteamento: \(key)"), "\(shown.text)")
            #expect(try await service.run("dlq", "show", "--message-id", "nenhum").status == 1)

            let simulated = try await service.run("dlq", "requeue", "--todas", "--simular")
            #expect(simulated.status == 0 && simulated.text.contains("would requeue 4"), "\(simulated.text)")
            #expect(try await service.run("dlq", "requeue").status == 64)

            // The letter without a key stays; its id was made for it and would become a key.
            let requeued = try await service.run("dlq", "requeue", "--todas")
            #expect(requeued.status == 1 && requeued.text.contains("requeued 3 dead letters, left 1"), "\(requeued.text)")
            try await scene.waitForCredits(1, "loja.caixa")
            let found = try await scene.api.get(service, "/v1/lancamentos?conta=loja.caixa&chave=k2")
            #expect(found.text.contains(#""registrado_por":"integrador""#) && found.text.contains(#""canal":"fila""#), "\(found.text)")
            let again = try await Self.waitForLetters(3, service)
            #expect(again.contains("\tinvalido\t\(secret.utf8.count)\tk1\tintegrador\t"), "\(again)")
            #expect(again.contains("\tconta-nao-permitida\t") && again.contains("\tk3\tintegrador\t"), "\(again)")
            let back = try await service.run("dlq", "show", "--message-id", "k1")
            #expect(back.text.contains("chave_de_roteamento: \(key)"), "\(back.text)")

            // Without a terminal nobody can be asked.
            let unasked = try await service.run("dlq", "discard", "--motivo", "invalido")
            #expect(unasked.status == 2 && unasked.text.contains("--sim"), "\(unasked.text)")
            let discarded = try await service.run("dlq", "discard", "--motivo", "invalido", "--sim")
            #expect(discarded.status == 0 && discarded.text.contains("discarded 1 dead letters"), "\(discarded.text)")
            _ = try await Self.waitForLetters(2, service)
            #expect(try await service.run("dlq", "discard", "--todas", "--sim").status == 0)
            _ = try await Self.waitForLetters(0, service)
        }
    }

    @Test func `a message of the queue is moved to the dead letters, and returns to be applied`() async throws {
        try await CommandScene.with { scene in
            let service = scene.stack.lancamentos
            let key = "lancamento.registrar.loja.caixa"
            // Nobody processes the queue meanwhile.
            await service.terminate()
            try await scene.asUser("integrador") { client in
                for id in ["k1", "k2", "k3"] {
                    try await client.command(id, CommandScene.body("loja.caixa"), key: key) { $0.userID = "integrador" }
                }
            }
            let retired = try await service.run("dlq", "retire", "--message-id", "k2", "--message-id", "k9")
            #expect(retired.status == 1 && retired.text.contains("retired 1 messages, 1 not found"), "\(retired.text)")
            #expect(try await service.run("dlq", "retire").status == 64)

            try await service.start()
            try await scene.waitForCredits(2, "loja.caixa")
            let list = try await Self.waitForLetters(1, service)
            #expect(list.contains("\tretirado\t") && list.contains("\tk2\tintegrador\t"), "\(list)")
            let requeued = try await service.run("dlq", "requeue", "--motivo", "retirado")
            #expect(requeued.status == 0, "\(requeued.text)")
            try await scene.waitForCredits(3, "loja.caixa")
        }
    }

    @Test func `a requeued event counts as its sender's, and no one else's`() async throws {
        try await PrivateServers.with { servers in
            let settings = ["FLUXO_CONSOLIDADO_USUARIO_DOS_EVENTOS": "lancamentos"]
            try await Stack.with(servers: servers, consolidados: 1, environment: settings) { stack in
                let scene = CommandScene(stack: stack, servers: servers)
                let service = stack.consolidados[0]
                func event(_ id: String, version: Int = 1) -> String {
                    #"{"specversion":"1.0","id":"\#(id)","type":"br.fluxocaixa.lancamento.registrado.v\#(version)","data":{"id":"\#(id)","#
                        + #""conta":"loja","tipo":"credito","valor":"1.00","data":"\#(CommandScene.dia)","moeda":"BRL"}}"#
                }
                let ids = (1...3).map { "0190a000-0000-7000-8000-00000000000\($0)" }
                let key = "lancamento.registrado.credito.loja"
                _ = try await scene.asUser("lancamentos") { client in
                    try await client.publish(AMQPNames.Exchange.lancamentos, key, event(ids[0], version: 2)) {
                        $0.messageID = ids[0]
                        $0.userID = "lancamentos"
                    }
                }
                let queue = AMQPNames.Queue.consolidado
                try await Self.put(ids[1], event(ids[1]), from: queue, key: key, usuario: "lancamentos", scene)
                try await Self.put(ids[2], event(ids[2]), from: queue, key: key, usuario: "integrador", scene)
                _ = try await Self.waitForLetters(3, service)

                let requeued = try await service.run("dlq", "requeue", "--todas")
                #expect(requeued.status == 0 && requeued.text.contains("requeued 3 dead letters"), "\(requeued.text)")
                let left = try await Self.waitForLetters(2, service)
                #expect(left.contains("\tversao-desconhecida\t") && left.contains("\t\(ids[0])\tlancamentos\t"), "\(left)")
                #expect(left.contains("\torigem-nao-permitida\t") && left.contains("\t\(ids[2])\tintegrador\t"), "\(left)")
                try await scene.waitForCredits(1, "loja")
            }
        }
    }
}
