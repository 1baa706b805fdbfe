import TestSupport
import Testing

/// The edge of the running services: what a caller may get wrong, and what they see.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct EdgeTests {
    @Test func `entries are registered, replayed, found, and refused with every fault named`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let api = API(token: stack.token)
            let body = #"{"conta":"loja42.caixa","tipo":"credito","valor":10,"descricao":"açaí","metadados":{"b":"2","a":"1"}}"#
            let created = try await api.post(stack.lancamentos, body, key: "k1")
            #expect(created.status == 201)
            let id = try #require(created["id"])
            #expect(created.header("Location") == "/v1/lancamentos/\(id)")
            #expect(created["valor"] == "10.00")
            #expect(created["canal"] == "rest")
            #expect(created["registrado_por"] == "teste")
            #expect(created["chave"] == "k1")

            let same =
                #"{"metadados":{"a":"1","b":"2"},"moeda":"BRL","conta":"loja42.caixa","tipo":"credito","valor":"10.00","descricao":"açaí"}"#
            let replayed = try await api.post(stack.lancamentos, same, key: "k1")
            #expect(replayed.status == 200)
            #expect(replayed.header("Idempotent-Replayed") == "true")
            #expect(replayed.body == created.body)
            let quoted = try await api.post(stack.lancamentos, same, key: "\"k1\"")
            #expect(quoted.body == created.body)
            let other = try await api.post(stack.lancamentos, body.replacing("10", with: "11"), key: "k1")
            #expect(other.status == 422)
            #expect(other["type"]?.hasSuffix("#chave-com-outro-conteudo") == true)

            #expect(try await api.get(stack.lancamentos, "/v1/lancamentos/\(id)").body == created.body)
            #expect(try await api.get(stack.lancamentos, "/v1/lancamentos/nada").status == 404)
            let bad = #"{"conta":"a..b","tipo":"x","valor":"10,50","data":"2026-13-01","extra":1}"#
            let refused = try await api.post(stack.lancamentos, bad)
            #expect(refused.status == 422)
            for field in ["conta", "tipo", "valor", "data", "extra"] { #expect(refused.text.contains("\"campo\":\"\(field)\"")) }
        }
    }

    @Test func `accounts are isolated by the token`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let owner = API(token: Token.make(secret: stack.secret, contas: ["loja42.*"]))
            let other = API(token: Token.make(secret: stack.secret, contas: ["loja7"]))
            let reader = API(token: Token.make(secret: stack.secret, contas: ["*"], scope: "consolidado:ler"))
            let body = #"{"conta":"loja42.caixa","tipo":"debito","valor":"1.00"}"#
            let created = try await owner.post(stack.lancamentos, body)
            let id = try #require(created["id"])
            #expect(try await other.post(stack.lancamentos, body).status == 403)
            #expect(try await reader.post(stack.lancamentos, body).status == 403)
            #expect(try await other.get(stack.lancamentos, "/v1/lancamentos/\(id)").status == 404)
            #expect(try await other.get(stack.consolidados[0], "/v1/consolidados/2026-01-01?conta=loja42.caixa").status == 403)
            #expect(try await other.get(stack.consolidados[0], "/v1/consolidados/2026-01-01").status == 200)
            #expect(try await owner.get(stack.consolidados[0], "/v1/consolidados/2026-01-01?conta=loja42").status == 403)
            #expect(try await API(token: nil).post(stack.lancamentos, body).status == 401)
            let forged = API(token: Token.make(secret: String(stack.secret.reversed()), contas: ["*"]))
            #expect(try await forged.post(stack.lancamentos, body).status == 401)
        }
    }

    @Test func `reads refuse bad parameters and answer accounts never seen`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let api = API(token: stack.token)
            let instance = stack.consolidados[0]
            let never = try await api.get(instance, "/v1/consolidados/0001-01-01?conta=nunca")
            #expect(never.status == 200)
            #expect(never["versao"] == "0")
            #expect(never["saldo_final"] == "0.00")
            for (path, status) in [
                ("/v1/consolidados/2026-02-30?conta=a", 422), ("/v1/consolidados/2026-01-01", 200),
                ("/v1/consolidados/2026-01-01?conta=a&conta=b", 422), ("/v1/consolidados/2026-01-01?conta=a&x=1", 422),
                ("/v1/consolidados/2026-01-01?conta=%ff", 400), ("/v1/consolidados?conta=a&de=2026-02-01&ate=2026-01-01", 422),
                ("/v1/consolidados?conta=a&de=2025-01-01&ate=2026-01-02", 422),
                ("/v1/consolidados?conta=a&de=2025-01-01&ate=2026-01-01", 200),
                ("/v1/nada", 404),
            ] {
                let answer = try await api.get(instance, path)
                #expect(answer.status == status, "\(path): \(answer.text)")
            }
            let posted = try await api.send("POST", "\(instance.url)/v1/consolidados", body: "{}")
            #expect(posted.status == 405)
            #expect(posted.header("Allow") == "GET, HEAD, OPTIONS")
            let metrics = try await API(token: nil).get(instance, "/metrics")
            #expect(metrics.text.contains("fluxo_http_requests_total"))
        }
    }
}
