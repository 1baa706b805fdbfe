import Contrato
import Documents
import Fixtures
import Foundation
import TestSupport
import Testing

/// Sentences of the contract that need a system of their own to be seen.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct SentencesTests {
    private static let body = #"{"conta":"loja42.caixa","tipo":"credito","valor":"10.00"}"#

    @Test func `a key may be required, and is refused if it is sent twice or malformed`() async throws {
        try await Stack.with(consolidados: 1, environment: ["FLUXO_LANCAMENTOS_EXIGIR_CHAVE": "true"]) { stack in
            let api = API(token: stack.token)
            let without = try await api.post(stack.lancamentos, Self.body)
            #expect(without.status == 400)
            #expect(without["type"]?.hasSuffix("#chave-invalida") == true)
            #expect(try await api.post(stack.lancamentos, Self.body, key: "k1").status == 201)
            for keys in [["k2", "k2"], ["com espaço"], [String(repeating: "k", count: 129)], ["\"aberta"]] {
                let answer = try await api.send(
                    "POST", "\(stack.lancamentos.url)/v1/lancamentos", headers: keys.map { ("Idempotency-Key", $0) }, body: Self.body)
                #expect(answer.status == 400, "\(keys)")
                #expect(answer["type"]?.hasSuffix("#chave-invalida") == true, "\(keys)")
            }
        }
    }

    @Test func `reads are answered while RabbitMQ and lancamentos are down`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers, consolidados: 1) { stack in
                let api = API(token: stack.token)
                let posted = try await api.post(stack.lancamentos, Self.body)
                let (id, data) = (try #require(posted["id"]), try #require(posted["data"]))
                let path = "/v1/consolidados/\(data)?conta=loja42.caixa"
                let applied = try await api.send(
                    "GET", "\(stack.consolidados[0].url)\(path)&apos=\(id)", headers: [("Prefer", "wait=15")], timeoutSeconds: 30)
                #expect(applied.status == 200)
                stack.lancamentos.kill()
                try await servers.kill(.rabbitmq)
                for _ in 0..<20 {
                    let answer = try await api.get(stack.consolidados[0], path)
                    #expect(answer.status == 200)
                    #expect(answer["saldo_final"] == "10.00")
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(await stack.consolidados[0].isReady())
            }
        }
    }

    @Test func `no policy limits how often a message is delivered`() async throws {
        try await PrivateServers.with { servers in
            let policies = try JSONReader.read(await servers.management().request("GET", "policies")).elements
            #expect(!policies.isEmpty)
            for policy in policies { #expect(policy["definition"]?["delivery-limit"] == nil, "\(policy["name"]?.text ?? "")") }
            let operators = try JSONReader.read(await servers.management().request("GET", "operator-policies")).elements
            for policy in operators { #expect(policy["definition"]?["delivery-limit"] == nil, "\(policy["name"]?.text ?? "")") }
        }
    }

    @Test func `a token is made only with scopes that exist`() async throws {
        let scopes = try Set(
            PublishedDocument.Service.allCases.flatMap { service in
                OpenAPIDocument(try PublishedDocument.openAPI(service, urlPublica: "http://localhost:8080")).operations.flatMap {
                    operation in
                    (operation.value["security"]?.elements ?? []).flatMap { $0.members.flatMap { $0.value.elements.compactMap(\.text) } }
                }
            })
        #expect(scopes.count >= 3)
        let secret = FileManager.default.temporaryDirectory.appending(path: "segredo-\(UUID().uuidString)")
        try String(repeating: "s", count: 32).write(to: secret, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: secret) }
        func outcome(_ scope: String) async throws -> (status: Int32, text: String) {
            try await Command.outcome(
                "/usr/bin/env",
                ["python3", "-B", Clone.path("deploy/compose/token"), "--segredo", secret.path, "--contas", "a", "--escopo", scope])
        }
        #expect(try await outcome(scopes.sorted().joined(separator: " ")).status == 0)
        for scope in ["lancamentos:escreve", "lancamentos:ler admin", "", " "] {
            let refused = try await outcome(scope)
            #expect(refused.status == 1, "\(scope)")
            for name in scopes { #expect(refused.text.contains(name), "\(refused.text)") }
        }
    }

    /// Every name of the contract, after one entry has gone all the way.
    @Test func `the metrics have the names that are promised`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let api = API(token: stack.token)
            let posted = try await api.post(stack.lancamentos, Self.body)
            let (id, data) = (try #require(posted["id"]), try #require(posted["data"]))
            let applied = try await api.send(
                "GET", "\(stack.consolidados[0].url)/v1/consolidados/\(data)?conta=loja42.caixa&apos=\(id)",
                headers: [("Prefer", "wait=15")], timeoutSeconds: 30)
            #expect(applied.status == 200)
            let isConfirmed = try await eventually {
                try await API(token: nil).get(stack.lancamentos, "/metrics").metric(#"fluxo_publish_total{outcome="confirmed"}"#) == 1
            }
            #expect(isConfirmed)
            let entry = try await API(token: nil).get(stack.lancamentos, "/metrics").text
            for name in [
                "http_requests_total", "http_request_duration_seconds", "write_batch_rows", "outbox_pending", "outbox_oldest_age_seconds",
                "publish_total", "publish_confirm_duration_seconds", "publisher_blocked", "pool_in_use", "pool_wait_seconds",
                "pool_size", "pool_timeouts_total", "entries_registered_total", "build_info",
            ] {
                #expect(entry.contains("\n# TYPE fluxo_\(name) ") || entry.hasPrefix("# TYPE fluxo_\(name) "), "\(name)")
            }
            let balance = try await API(token: nil).get(stack.consolidados[0], "/metrics").text
            for name in [
                "consume_batch_messages", "consumer_applied_total", "consumer_applied_centavos_total", "consumer_duplicates_total",
                "consumer_dead_letters_total", "apply_duration_seconds", "entry_age_seconds", "reconciliation_difference_entries",
                "reconciliation_age_seconds", "build_info",
            ] {
                #expect(balance.contains("\n# TYPE fluxo_\(name) ") || balance.hasPrefix("# TYPE fluxo_\(name) "), "\(name)")
            }
            for text in [entry, balance] {
                for name in ["start_time_seconds", "cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds"] {
                    #expect(text.contains("\n# TYPE process_\(name) "), "\(name)")
                }
            }
            #expect(!entry.contains("loja42") && !balance.contains("loja42"))
        }
    }

    @Test(arguments: ["lancamentos", "consolidado"])
    func `a program and its metrics name the version and the revision`(program: String) async throws {
        guard let products = TestServers.products else { throw TestFailure("TESTE_PRODUTOS is not set") }
        let printed = try await Command.run("\(products)/\(program)", ["--version"])
        let line = try #require(printed.wholeMatch(of: /(\w+) ([0-9.]+), revision (\S+), built [0-9]{4}-[0-9]{2}-[0-9]{2}\n?/))
        #expect(line.1 == program && String(line.2) == ServiceVersion.current)
        try await Stack.with(consolidados: 1) { stack in
            let instance = program == "lancamentos" ? stack.lancamentos : stack.consolidados[0]
            let metrics = try await API(token: nil).get(instance, "/metrics").text
            #expect(metrics.contains("\nfluxo_build_info{revisao=\"\(line.3)\",versao=\"\(line.2)\"} 1\n"))
        }
    }
}
