import Contrato
import Fixtures
import TestSupport
import Testing

/// `simular=true` through the running service.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct SimularTests {
    private static let entry = #"{"conta":"loja42.caixa","tipo":"credito","valor":"1.50","data":"2026-01-02"}"#

    private static func post(
        _ stack: Stack, _ path: String, _ body: String, type: String = "application/json", key: String? = nil, token: String? = nil
    ) async throws -> API.Answer {
        try await API(token: token ?? stack.token).send(
            "POST", "\(stack.lancamentos.url)/v1/lancamentos\(path)",
            headers: [("Content-Type", type)] + (key.map { [("Idempotency-Key", $0)] } ?? []), body: body)
    }

    private static func count(_ stack: Stack) async throws -> Int {
        let extract = try await API(token: stack.token).send(
            "GET", "\(stack.lancamentos.url)/v1/lancamentos?conta=*", headers: [("Accept", "application/x-ndjson")])
        return extract.text.split(separator: "\n").count
    }

    @Test func `an entry is answered as it would be, and nothing is registered`() async throws {
        try await Stack.with(consolidados: 0) { stack in
            let simulated = try await Self.post(stack, "?simular=true", Self.entry, key: "k")
            #expect(simulated.status == 200)
            #expect(simulated.header("Simulado") == "true")
            let json = try JSONReader.read(Array(simulated.text.utf8))
            #expect(json["id"] == nil && json["registrado_em"] == nil)
            #expect(json["valor"] == .string("1.50") && json["chave"] == .string("k") && json["canal"] == .string("rest"))
            #expect(try await Self.count(stack) == 0)

            // The key is free: the entry can be registered, and then simulation says replay, conflict and the like.
            let registered = try await Self.post(stack, "?simular=false", Self.entry, key: "k")
            #expect(registered.status == 201)
            let replay = try await Self.post(stack, "?simular=true", Self.entry, key: "k")
            #expect(replay.status == 200 && replay.header("Idempotent-Replayed") == "true" && replay.header("Simulado") == "true")
            #expect(try JSONReader.read(Array(replay.text.utf8))["id"] == JSONReader.read(Array(registered.text.utf8))["id"])
            let other = Self.entry.replacing("1.50", with: "2.00")
            for (query, body, key, status) in [
                ("?simular=true", other, "k", 422), ("?simular=true", "{}", nil, 422), ("?simular=true", "{", nil, 400),
                ("?simular=sim", Self.entry, nil, 422), ("?simular=true", Self.entry.replacing("loja42", with: "loja7"), nil, 403),
            ] as [(String, String, String?, Int)] {
                let token = Token.make(secret: stack.secret, contas: ["loja42.*"])
                let answer = try await Self.post(stack, query, body, key: key, token: token)
                #expect(answer.status == status, "\(query) \(body): \(answer.text)")
            }
            #expect(try await Self.count(stack) == 1)
        }
    }

    @Test func `an estorno is answered as it would be, and nothing is registered`() async throws {
        try await Stack.with(consolidados: 0) { stack in
            let original = try JSONReader.read(Array(try await Self.post(stack, "", Self.entry).text.utf8))
            guard case .string(let id)? = original["id"] else { throw TestFailure("no id") }
            let simulated = try await Self.post(stack, "/\(id)/estorno?simular=true", "{}")
            #expect(simulated.status == 200 && simulated.header("Simulado") == "true")
            let json = try JSONReader.read(Array(simulated.text.utf8))
            #expect(json["estorno_de"] == .string(id) && json["tipo"] == .string("debito") && json["id"] == nil)
            #expect(try await Self.count(stack) == 1)
            let estorno = try JSONReader.read(Array(try await Self.post(stack, "/\(id)/estorno", "{}").text.utf8))
            let replay = try await Self.post(stack, "/\(id)/estorno?simular=true", "{}")
            #expect(replay.status == 200 && replay.header("Idempotent-Replayed") == "true")
            #expect(try JSONReader.read(Array(replay.text.utf8))["id"] == estorno["id"])
            guard case .string(let estornoID)? = estorno["id"] else { throw TestFailure("no id") }
            #expect(try await Self.post(stack, "/\(estornoID)/estorno?simular=true", "{}").status == 409)
            let missing = "01900000-0000-7000-8000-000000000001"
            #expect(try await Self.post(stack, "/\(missing)/estorno?simular=true", "{}").status == 404)
            #expect(try await Self.count(stack) == 2)
        }
    }

    @Test func `equal keys inside one simulated lote count as they would`() async throws {
        try await Stack.with(consolidados: 0) { stack in
            let keyed = Self.entry.replacing("}", with: #","chave":"a"}"#)
            #expect(
                try await Self.post(stack, "/lote", keyed.replacing("\"a\"", with: "\"b\""), type: "application/x-ndjson").status == 200)
            let lines = [
                Self.entry, keyed, keyed, keyed.replacing("1.50", with: "2.00"), keyed.replacing("\"a\"", with: "\"b\""), "{}",
                keyed.replacing("\"a\"", with: "\"b\"").replacing("1.50", with: "9.00"),
            ]
            // Far more than are looked up at once, so that the repetition is in another part.
            let body = (lines + Array(repeating: Self.entry, count: 600) + [keyed]).joined(separator: "\n")
            let answer = try await Self.post(stack, "/lote?simular=true", body, type: "application/x-ndjson")
            let answers = try answer.text.split(separator: "\n").map { try JSONReader.read(Array($0.utf8)) }
            #expect(answers.prefix(7).map { $0["status"] } == ["200", "200", "200", "422", "200", "422", "422"].map { .number($0) })
            #expect(answers.allSatisfy { $0["simulado"] == .bool(true) })
            #expect(answers.enumerated().filter { $1["id"] != nil }.map(\.offset) == [4])
            #expect(answers.count == 608 && answers[607]["status"] == .number("200"))
            #expect(try await Self.count(stack) == 1)
        }
    }
}
