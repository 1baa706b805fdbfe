import AMQP
import Contrato
import TestSupport
import Testing

/// Commands by queue, against the real broker with the rights of each user.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct CommandTests {
    @Test func `a command is answered as REST would, in one key space with it`() async throws {
        try await CommandScene.with { scene in
            try await scene.asUser("integrador") { client in
                try await client.consume(CommandScene.direct)
                let body = CommandScene.body("loja.caixa")
                let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
                let created = try await client.ask("k1", body, key: "lancamento.registrar.loja.caixa") {
                    $0.userID = "integrador"
                    $0.expiration = "600000"
                    $0.headers = ["traceparent": .string(trace), "status": "forjado"]
                }
                #expect(created.status == 201, "\(created.text)")
                #expect(created.properties.contentType == "application/json")
                #expect(created.properties.headers?.entries.count == 1)
                #expect(created.member("canal") == "fila" && created.member("chave") == "k1")
                #expect(created.member("registrado_por") == "integrador")
                try await scene.waitForCredits(1, "loja.caixa")

                let again = try await client.ask("k1", body)
                #expect(again.status == 200 && again.body == created.body)
                let byREST = try await scene.api.post(scene.stack.lancamentos, body, key: "k1")
                #expect(byREST.status == 200 && byREST.body == created.body)
                let posted = try await scene.api.post(scene.stack.lancamentos, CommandScene.body("loja.pix"), key: "k2")
                let replayed = try await client.ask("k2", CommandScene.body("loja.pix"))
                #expect(replayed.status == 200 && replayed.body == posted.body)

                let other = try await client.ask("k1", CommandScene.body("loja.caixa", "2.00"))
                #expect(other.status == 422)
                #expect(other.properties.contentType == "application/problem+json")
                #expect(other.member("type")?.hasSuffix("#chave-com-outro-conteudo") == true)
                #expect(other.member("instance")?.hasPrefix("urn:uuid:") == true)
                try await Self.refusals(client)
                try await Self.days(client)
                // Told to their senders, none of the refusals is a dead letter.
                #expect(try await scene.deadLetters(0).isEmpty)
            }
        }
    }

    private static func refusals(_ client: RawAMQP) async throws {
        let good = CommandScene.body("loja.caixa")
        let cases: [(Int64, String, String?, String, String)] = [
            (400, "ilegivel", "r1", "{", AMQPNames.RoutingKey.registrar),
            (400, "ilegivel", "r2", "", AMQPNames.RoutingKey.registrar),
            (400, "chave-invalida", nil, good, AMQPNames.RoutingKey.registrar),
            (400, "chave-invalida", String(repeating: "k", count: 129), good, AMQPNames.RoutingKey.registrar),
            (403, "conta-nao-permitida", "r3", good, "lancamento.registrar.loja"),
            (413, "corpo-grande", "r4", good + String(repeating: " ", count: 65_536), AMQPNames.RoutingKey.registrar),
            (422, "invalido", "r5", #"{"conta":"loja.caixa","tipo":"x","chave":"k"}"#, AMQPNames.RoutingKey.registrar),
        ]
        for (status, name, id, body, key) in cases {
            let answer = try await client.ask(id, body, key: key)
            #expect(answer.status == status, "\(name): \(answer.text)")
            #expect(answer.member("type")?.hasSuffix("#\(name)") == true, "\(answer.text)")
        }
    }

    private static func days(_ client: RawAMQP) async throws {
        // 2026-11-20T02:30:00Z is still the 19th in São Paulo.
        let dated = try await client.ask("d1", CommandScene.body("dias", data: nil)) { $0.timestamp = 1_795_141_800 }
        #expect(dated.member("data") == "2026-11-19", "\(dated.text)")
        let old = try await client.ask("d2", CommandScene.body("dias", data: nil)) { $0.timestamp = 86_400 }
        #expect(old.status == 422 && old.text.contains(#""campo":"data""#), "\(old.text)")
        // The timestamp is no part of what was sent.
        #expect(try await client.ask("d1", CommandScene.body("dias", data: nil)).status == 200)
    }

    @Test func `answers go where they may, and a bad place to answer to hurts nobody`() async throws {
        try await CommandScene.with { scene in
            try await scene.asUser("integrador") { client in
                let own = "respostas.integrador.caixa"
                _ = try await client.declareQueue(own)
                let gen = try await client.declareQueue()
                for queue in [own, gen, CommandScene.direct] { try await client.consume(queue) }
                let asMyself: @Sendable (inout AMQPProperties) -> Void = { $0.userID = "integrador" }
                for queue in [own, gen] {
                    try await client.command("a-\(queue)", CommandScene.body("boas"), replyTo: queue, asMyself)
                    #expect(try await client.receive()?.properties.correlationID == "c-a-\(queue)")
                }
                try await Self.sendToBadPlaces(client)
                // A good one afterwards, and its answer, get through.
                #expect(try await client.ask("depois", CommandScene.body("boas")).status == 201)
                try await scene.waitForCredits(3, "boas")
                try await scene.waitForCredits(Self.badPlaces.count, "semresposta")
                #expect(try await client.receive(within: 1) == nil)
                let letters = try await scene.deadLetters(Self.badPlaces.count)
                #expect(letters.count == Self.badPlaces.count)
                for letter in letters {
                    #expect(letter.motivo == "invalido")
                    #expect(letter.properties.replyTo == nil && letter.properties.userID == nil && letter.properties.expiration == nil)
                    let headers = letter.properties.headers ?? [:]
                    #expect(headers["usuario"] == "integrador" && headers["CC"] == nil && headers["proprio"] == "x")
                    #expect(headers["chave_de_roteamento"] == "lancamento.registrar.semresposta")
                    #expect(headers["fila"] == "lancamentos.comandos")
                }
                #expect(try await scene.deadLetters(0, in: AMQPNames.Queue.consolidadoDLQ).isEmpty)
            }
        }
    }

    /// Ours, a stranger's, none, such as nobody has, and such as a broker chokes on: RabbitMQ 3.10 closes the channel that answers there.
    private static let badPlaces = [
        "consolidado.lancamentos", "lancamentos.comandos", "lancamentos.comandos.dlq", "respostas.loja42.x", "", "amq.gen-ninguem",
        "respostas.integrador.sumiu", "amq.rabbitmq.reply-to.@@@.x", "amq.rabbitmq.reply-to.AAAA.AAAA",
    ]

    private static func sendToBadPlaces(_ client: RawAMQP) async throws {
        for (number, place) in self.badPlaces.enumerated() {
            for (id, body) in [("b\(number)", CommandScene.body("semresposta")), ("f\(number)", #"{"conta":"semresposta"}"#)] {
                try await client.command(id, body, key: "lancamento.registrar.semresposta", replyTo: place) {
                    $0.userID = "integrador"
                    $0.expiration = "600000"
                    $0.headers = ["proprio": "x", "CC": .array([.string("lancamento.registrar.nada")])]
                }
            }
        }
    }

    @Test func `two hundred commands and requests with one key register one entry`() async throws {
        try await CommandScene.with { scene in
            let body = CommandScene.body("disputada")
            try await scene.asUser("integrador") { client in
                try await client.consume(CommandScene.direct)
                async let posted = withThrowingTaskGroup(of: API.Answer.self) { group in
                    for _ in 0..<100 { group.addTask { try await scene.api.post(scene.stack.lancamentos, body, key: "k") } }
                    return try await group.reduce(into: [API.Answer]()) { $0.append($1) }
                }
                for _ in 0..<100 { try await client.command("k", body, replyTo: CommandScene.direct) }
                var answers: [RawAMQP.Message] = []
                while answers.count < 100, let answer = try await client.receive() { answers.append(answer) }
                let statuses = try await posted.map(\.status) + answers.map { Int($0.status ?? 0) }
                #expect(statuses.count == 200)
                #expect(statuses.count { $0 == 201 } == 1 && statuses.count { $0 == 200 } == 199, "\(statuses)")
                #expect(Set(try await posted.map { $0["id"] } + answers.map { $0.member("id") }).count == 1)
            }
            try await scene.waitForCredits(1, "disputada")
        }
    }
}
