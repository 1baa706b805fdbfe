import AMQP
import Contrato
import TestSupport
import Testing

/// What other systems may not do: refused by the broker where topic permissions reach, by us where they do not.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct IntegratorRightsTests {
    private static func expectRefused(
        _ what: String, code: UInt16 = 403, sourceLocation: SourceLocation = #_sourceLocation, _ action: () async throws -> Void
    ) async {
        do {
            try await action()
            Issue.record("\(what) is allowed", sourceLocation: sourceLocation)
        } catch let refused as RawAMQP.Refused {
            #expect(refused.code == code, "\(what): \(refused.text)", sourceLocation: sourceLocation)
        } catch {
            Issue.record("\(what): \(error)", sourceLocation: sourceLocation)
        }
    }

    @Test func `a user confined to accounts sends and hears of no others`() async throws {
        try await CommandScene.with { scene in
            try await scene.asUser("loja42") { client in
                try await client.consume(CommandScene.direct)
                let queue = try await client.declareQueue()
                for key in [
                    "lancamento.registrar", "lancamento.registrar.loja42", "lancamento.registrar.loja7", "lancamento.registrar.loja420.x",
                    "lancamento.registrar.xloja42.x", "lancamento.registrar.#", "lancamento.registrar.loja42.#", "x",
                ] {
                    await Self.expectRefused("sending with \(key)") { try await client.command("x", "{}", key: key) }
                }
                // The queue and the consumer went with the channel.
                let events = try await client.declareQueue()
                #expect(events != queue)
                for key in [
                    "#", "lancamento.registrado.#", "lancamento.registrado.*.*.#", "lancamento.registrado.credito.loja7",
                    "lancamento.registrado.*.loja42.#", "lancamento.registrado.*.#.x", "*.*.*.loja42.x",
                ] {
                    await Self.expectRefused("binding \(key)") { try await client.bind(events, to: AMQPNames.Exchange.lancamentos, key) }
                }
                await Self.expectRefused("binding the commands") { try await client.bind(events, to: AMQPNames.Exchange.comandos, "#") }
                try await client.bind(events, to: AMQPNames.Exchange.lancamentos, "lancamento.registrado.*.loja42.*.#")
                try await client.consume(events)
                try await client.consume(CommandScene.direct)
                for conta in ["loja42", "loja7.caixa", "loja420.caixa"] {
                    #expect(try await scene.api.post(scene.stack.lancamentos, CommandScene.body(conta)).status == 201)
                }
                try await client.command("m", CommandScene.body("loja42.caixa.1"), key: "lancamento.registrar.loja42.caixa.1")
                #expect(try await client.receive()?.routingKey == "lancamento.registrado.credito.loja42.caixa.1")
                #expect(try await client.receive(within: 1) == nil)
                // What topic permissions cannot see: the body, and on RabbitMQ 3.10 further keys in a header.
                do {
                    let other = try await client.ask("n", CommandScene.body("loja7"), key: "lancamento.registrar.loja42.caixa") {
                        $0.headers = ["CC": .array([.string("lancamento.registrar.loja7")])]
                    }
                    #expect(other.status == 403, "\(other.text)")
                } catch let refused as RawAMQP.Refused {
                    #expect(refused.code == 403, "\(refused.text)")
                }
            }
        }
    }

    @Test func `an integrator reaches nothing but the exchange for commands and queues of his own`() async throws {
        try await CommandScene.with { scene in
            try await scene.asUser("integrador") { client in
                await Self.expectRefused("publishing an event") {
                    try await client.publish(AMQPNames.Exchange.lancamentos, "lancamento.registrado.credito.x", "{}")
                }
                for queue in [AMQPNames.Queue.comandos, AMQPNames.Queue.consolidado, "respostas.loja42.x"] {
                    await Self.expectRefused("publishing to \(queue)") { try await client.publish("", queue, "{}") }
                    await Self.expectRefused("consuming \(queue)") { try await client.consume(queue) }
                }
                for queue in ["respostas.loja42.x", "respostas.integrador.a.b", "qualquer"] {
                    await Self.expectRefused("declaring \(queue)") { _ = try await client.declareQueue(queue) }
                }
                // He may declare it and bind the exchange for commands to it, but nothing gets in.
                try await client.declareExchange("respostas.integrador.ponte")
                try await client.bindExchange(AMQPNames.Exchange.comandos, to: "respostas.integrador.ponte", "#")
                await Self.expectRefused("publishing to an exchange of his own") {
                    try await client.publish("respostas.integrador.ponte", "lancamento.registrar.vitima", "{}")
                }
                await Self.expectRefused("consuming dead letters") { try await client.consume(AMQPNames.Queue.comandosDLQ) }
                await Self.expectRefused("another's user_id", code: 406) { try await client.command("x", "{}") { $0.userID = "loja42" } }
            }
        }
    }

    @Test func `a command that arrived another way is refused, whatever sender it names`() async throws {
        try await CommandScene.with { scene in
            // Through a queue that dead-letters into the exchange for commands under a key of its owner's choice: an event carries our own
            // user_id.
            try await scene.asUser("integrador") { client in
                let trap = try await client.declareQueue(arguments: [
                    "x-dead-letter-exchange": .string(AMQPNames.Exchange.comandos),
                    "x-dead-letter-routing-key": .string("lancamento.registrar.vitima"), "x-message-ttl": .int32(1),
                ])
                try await client.bind(trap, to: AMQPNames.Exchange.lancamentos, "#")
                #expect(try await scene.api.post(scene.stack.lancamentos, CommandScene.body("isca")).status == 201)
                let letters = try await scene.deadLetters(1)
                #expect(letters.map(\.motivo) == ["origem-nao-permitida"])
                #expect(letters.first?.properties.headers?["usuario"] == "lancamentos")
            }
            // Through an exchange bound to it, and straight into the queue.
            try await scene.asAdministrator { client in
                try await client.declareExchange("ponte")
                try await client.bindExchange(AMQPNames.Exchange.comandos, to: "ponte", "#")
                let body = CommandScene.body("vitima")
                for (exchange, key) in [("ponte", "lancamento.registrar.vitima"), ("", AMQPNames.Queue.comandos)] {
                    try await client.publish(exchange, key, body) { $0.messageID = "m\(exchange)" }
                }
                try await client.publish(AMQPNames.Exchange.comandos, "lancamento.registrar.vitima", body) {
                    $0.messageID = "d"
                    $0.headers = ["x-death": .array([])]
                }
                let letters = try await scene.deadLetters(3)
                #expect(letters.map(\.motivo) == Array(repeating: "origem-nao-permitida", count: 3))
            }
            let day = try await scene.api.get(scene.stack.consolidados[0], "/v1/consolidados/\(CommandScene.dia)?conta=vitima")
            #expect(day["quantidade_creditos"] == "0", "\(day.text)")
        }
    }
}
