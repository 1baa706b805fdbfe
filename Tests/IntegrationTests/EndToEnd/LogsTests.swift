import AMQP
import Contrato
import Edge
import Fixtures
import Foundation
import TestSupport
import Testing

/// What running services write to their logs.
@Suite(
    .enabled(
        if: TestServers.hasEverything && TestServers.python != nil, "needs the servers, products and tools that deploy/local/test provides"),
    .serialized, .timeLimit(.minutes(5))
)
struct LogsTests {
    private static let everything = ["FLUXO_LOG_FORMATO": "ecs", "FLUXO_LOG_NIVEL": "trace"]

    private static func lines(_ instance: ServiceProcess) throws -> [JSONValue] {
        try instance.readLog().split(separator: "\n").map { try JSONReader.read(Array($0.utf8)) }
    }

    /// Runs the closure with the whole system, whose logs must be valid afterwards.
    private static func with(_ body: (CommandScene) async throws -> Void) async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers, consolidados: 1, environment: self.everything) { stack in
                try await body(CommandScene(stack: stack, servers: servers))
                // What is written while they end is checked too.
                let instances = [stack.lancamentos] + stack.consolidados
                for instance in instances { await instance.terminate() }
                print(try await ConformanceTool.run("ecs.py", instances.map(\.log)))
            }
        }
    }

    @Test func `one entry is followed from its request to its balance by its id and by its trace`() async throws {
        try await Self.with { scene in
            let (entries, balances) = (scene.stack.lancamentos, scene.stack.consolidados[0])
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            let posted = try await scene.api.send(
                "POST", "\(entries.url)/v1/lancamentos", headers: [("traceparent", "00-\(trace)-00f067aa0ba902b7-01")],
                body: CommandScene.body("loja"))
            let id = try #require(posted["id"])
            let commandTrace = "0af7651916cd43dd8448eb211c80319c"
            let commanded = try await scene.asUser("integrador") { client in
                try await client.consume(CommandScene.direct)
                return try await client.ask("f1", CommandScene.body("loja")) {
                    $0.userID = "integrador"
                    $0.headers = ["traceparent": .string("00-\(commandTrace)-b7ad6b7169203331-00")]
                }
            }
            let commandID = try #require(commanded.member("id"))
            try await scene.waitForCredits(2, "loja")

            for (id, trace, canal) in [(id, trace, "rest"), (commandID, commandTrace, "fila")] {
                var spans: [JSONValue] = []
                for (instance, message) in [(entries, "entry registered"), (entries, "entry published"), (balances, "entry applied")] {
                    var found: JSONValue?
                    let there = try await eventually {
                        found = try Self.lines(instance).first {
                            $0["labels.lancamento"] == .string(id) && $0["message"] == .string(message)
                        }
                        return found != nil
                    }
                    #expect(there, "\(message) \(id)")
                    #expect(found?["trace.id"] == .string(trace), "\(message)")
                    if let span = found?["span.id"] { spans.append(span) }
                    if message == "entry registered" { #expect(found?["labels.canal"] == .string(canal)) }
                }
                // The entry carries the span of the hop that registered it, not its caller's.
                #expect(spans.count == 3 && spans.allSatisfy { $0 == spans[0] })
                #expect(!spans.contains(.string("00f067aa0ba902b7")) && !spans.contains(.string("b7ad6b7169203331")))
            }
            let answered = try Self.lines(entries).first {
                $0["message"] == .string("request answered") && $0["trace.id"] == .string(trace)
            }
            #expect(answered?["http.request.id"] == .string(try #require(posted.header("X-Request-Id"))))
            #expect(answered?["http.response.status_code"] == .number("201"))
        }
    }

    // MARK: - Nothing of callers

    /// Stands for every text that a caller may write.
    private static let mark = "quartzo9981"
    private static let amount = "7391391.77"

    @Test func `no account, value, text, key or token of a caller stands in a log, whatever was wrong with it`() async throws {
        var secrets: [String] = []
        var logs: [String] = []
        try await Self.with { scene in
            let marked = Token.make(secret: scene.stack.secret, sub: Self.mark, contas: ["*"])
            try await Self.sendRequests(scene, API(token: marked))
            try await Self.sendMessages(scene)
            try await scene.waitForCredits(3, "\(Self.mark).caixa")
            secrets = [marked, String(marked.split(separator: ".")[2]), scene.stack.secret, scene.stack.token]
            for url in [scene.stack.amqpURL] + Array(scene.stack.databases.values) {
                if let password = URLComponents(string: url)?.password { secrets.append(password) }
            }
            logs = ([scene.stack.lancamentos] + scene.stack.consolidados).map(\.log)
        }
        for log in logs {
            let text = try String(contentsOfFile: log, encoding: .utf8)
            // At this level they say a lot: the search below searches something.
            #expect(text.split(separator: "\n").count > 10)
            for line in text.split(separator: "\n") {
                let folded = line.lowercased()
                let found = ([Self.mark, Self.amount, "739139177"] + secrets).filter { folded.contains($0.lowercased()) }
                #expect(found.isEmpty, "\(found): \(line)")
            }
        }
        #expect(try logs.map { try String(contentsOfFile: $0, encoding: .utf8) }.joined().contains("message refused"))
    }

    private static func body(conta: String = "\(mark).caixa", extra: String = "") -> String {
        #"{"conta":"\#(conta)","tipo":"credito","valor":"\#(amount)","data":"\#(CommandScene.dia)","descricao":"\#(mark) pagou","#
            + #""categoria":"\#(mark)","referencia":"\#(mark)","metadados":{"\#(mark)":"\#(mark)"}\#(extra)}"#
    }

    private static func sendRequests(_ scene: CommandScene, _ api: API) async throws {
        let entries = scene.stack.lancamentos
        let list = "\(entries.url)/v1/lancamentos"
        let marks = [
            ("User-Agent", self.mark), ("X-Request-Id", self.mark), ("traceparent", self.mark), ("Origin", "https://\(self.mark)"),
        ]
        let good = try await api.send("POST", list, headers: marks + [("Idempotency-Key", self.mark)], body: self.body())
        #expect(good.status == 201, "\(good.text)")
        let id = good["id"] ?? ""
        // The same key with another content, unknown and wrong members, what is no JSON, another type.
        for body in [
            self.body(conta: "\(self.mark).caixa", extra: #","natureza":"ajuste""#), self.body(extra: #","\#(self.mark)":1"#),
            self.body(conta: "\(self.mark)!"), #"{"valor":"\#(self.mark)""#, "\(self.mark)\u{0}", #"{"\#(self.mark)":1,"\#(self.mark)":2}"#,
        ] {
            let answer = try await api.send("POST", list, headers: [("Idempotency-Key", self.mark)], body: body)
            #expect((400..<500).contains(answer.status), "\(body): \(answer.text)")
        }
        _ = try await api.send("POST", list, headers: [("Content-Type", "text/\(self.mark)")], body: self.mark)
        _ = try await api.send("POST", list, headers: [("Idempotency-Key", "\(self.mark) \(self.mark)")], body: self.body())
        let lote = "\(self.body())\n\(self.mark)\n\(self.body(extra: #","chave":"\#(self.mark) \#(self.mark)""#))\n"
        _ = try await api.send("POST", "\(list)/lote", headers: [("Content-Type", "application/x-ndjson")], body: lote)
        _ = try await api.send("POST", "\(list)/\(id)/estorno", body: #"{"descricao":"\#(self.mark)","x":"\#(self.mark)"}"#)
        for query in [
            "?conta=\(self.mark).*", "?\(self.mark)=1", "?cursor=\(self.mark)", "?chave=\(self.mark)",
        ] {
            _ = try await api.get(entries, "/v1/lancamentos\(query)")
        }
        for path in ["/\(self.mark)", "/v1/lancamentos/\(self.mark)"] { _ = try await api.get(entries, path) }
        for token in [
            self.mark, "\(self.mark).\(self.mark).\(self.mark)", Token.make(secret: self.mark, sub: self.mark, contas: [self.mark]),
        ] {
            #expect(try await API(token: token).get(entries, "/v1/lancamentos").status == 401)
        }
        let balances = scene.stack.consolidados[0]
        for path in [
            "/v1/consolidados/\(CommandScene.dia)?conta=\(self.mark).caixa&apos=\(id)", "/v1/consolidados/\(self.mark)?conta=\(self.mark)",
            "/v1/consolidados?conta=\(self.mark)&de=\(self.mark)&ate=x", "/v1/contas?conta=\(self.mark).*",
            "/v1/consolidados/\(CommandScene.dia)?conta=\(self.mark)&apos=\(self.mark)",
        ] {
            _ = try await api.send("GET", "\(balances.url)\(path)", headers: [("Prefer", "wait=1, \(self.mark)")])
        }
        for instance in [entries, balances] {
            for text in [
                "GET /\(self.mark) HTTP/1.1\r\n\(self.mark) \(self.mark)\r\n\r\n", "\(self.mark)\r\n\r\n",
                "GET /v1/%\(self.mark)?%\(self.mark) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            ] {
                _ = try await RawHTTP.sendAllThenRead(port: instance.port, [text])
            }
        }
    }

    private static func sendMessages(_ scene: CommandScene) async throws {
        try await scene.asUser("integrador") { client in
            for (number, body) in [self.body(), self.mark, self.body(conta: "\(self.mark)!"), "{", self.body(extra: #","x":1"#)]
                .enumerated()
            {
                try await client.command("\(self.mark)-\(number)", body, key: "lancamento.registrar") {
                    $0.userID = "integrador"
                    $0.type = self.mark
                    $0.appID = self.mark
                    $0.headers = ["traceparent": .string(self.mark), "\(self.mark)": .string(self.mark)]
                }
            }
            // Another account than the key's; a key that is none; an address for answers that is not allowed.
            try await client.command("\(self.mark)-a", self.body(), key: "lancamento.registrar.\(self.mark)")
            try await client.command("\(self.mark) \(self.mark)", self.body())
            try await client.command("\(self.mark)-b", "{", replyTo: self.mark)
            try await client.command("\(self.mark)-c", "{", replyTo: "respostas.integrador.\(self.mark)") { $0.userID = "integrador" }
        }
        try await scene.asAdministrator { client in
            for body in [self.mark, #"{"specversion":"1.0","id":"\#(self.mark)","data":{"conta":"\#(self.mark)"}}"#] {
                try await client.publish("", AMQPNames.Queue.consolidado, body) {
                    $0.messageID = self.mark
                    $0.headers = ["traceparent": .string(self.mark)]
                }
            }
        }
        let letters = try await scene.deadLetters(2, in: AMQPNames.Queue.consolidadoDLQ)
        #expect(letters.count == 2)
    }
}
