import Fixtures
import Foundation
import TestSupport
import Testing

/// A database that answers and refuses writes: readiness, problems and logs say so, and reads go on.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct RefusingDatabaseTests {
    private static let body = #"{"conta":"loja","tipo":"credito","valor":"1.00"}"#

    private static let entryOfTheDay = #"{"conta":"loja","tipo":"credito","valor":"1.00","data":"2026-01-01"}"#

    /// Ends the sessions of consolidado's database, because a session keeps the setting of its beginning.
    private static func setReadOnly(_ isReadOnly: Bool, _ stack: Stack) async throws {
        let url = try #require(stack.databases["consolidado"])
        let name = try #require(URLComponents(string: url)?.path.dropFirst())
        let server = try #require(TestServers.postgresURL)
        let change = isReadOnly ? "set default_transaction_read_only = on" : "reset default_transaction_read_only"
        try await TestServers.administer(server, "alter database \"\(name)\" \(change)")
        // Only now: sessions that begin before the change is committed do not have it.
        try await TestServers.administer(server, "select pg_terminate_backend(pid) from pg_stat_activity where datname = '\(name)'")
    }

    private static func lines(_ instance: ServiceProcess, _ text: String) throws -> Int {
        try instance.readLog().split(separator: "\n").filter { $0.contains(text) }.count
    }

    private static func expectRefused(_ answer: API.Answer, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(
            answer.status == 503 && answer["type"]?.hasSuffix("#banco-indisponivel") == true, "\(answer.text)",
            sourceLocation: sourceLocation)
        #expect(answer["detail"]?.contains("recusa gravações") == true, "\(answer.text)", sourceLocation: sourceLocation)
    }

    @Test func `a read-only database is no place for entries, and is read all the same`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers, consolidados: 1) { stack in
                let api = API(token: stack.token)
                let (lancamentos, consolidado) = (stack.lancamentos, stack.consolidados[0])
                let id = try #require(try await api.post(lancamentos, Self.body)["id"])
                let database = try servers.url(.postgres)
                try await TestServers.administer(database, "alter system set default_transaction_read_only = on")
                try await TestServers.administer(database, "select pg_reload_conf()")
                #expect(try await eventually { try await api.post(lancamentos, Self.body).status == 503 })
                for _ in 0..<20 { Self.expectRefused(try await api.post(lancamentos, Self.body)) }
                let readiness = try await api.get(lancamentos, "/readyz")
                #expect(
                    readiness.status == 503 && (readiness.text.contains("25006") || readiness.text.contains("leituras")),
                    "\(readiness.text)")
                #expect(try Self.lines(lancamentos, "25006") >= 1)
                #expect(try Self.lines(lancamentos, "database refuses statements") <= 1)
                for _ in 0..<5 {
                    #expect(try await api.get(lancamentos, "/v1/lancamentos/\(id)").status == 200)
                    #expect(try await api.get(consolidado, "/v1/consolidados/2026-01-01?conta=loja").status == 200)
                    #expect(await consolidado.isReady())
                }
                try await TestServers.administer(database, "alter system reset default_transaction_read_only")
                try await TestServers.administer(database, "select pg_reload_conf()")
                try await lancamentos.waitUntilReady()
                #expect(try await api.post(lancamentos, Self.body).status == 201)
            }
        }
    }

    @Test func `while balances cannot be written consolidado serves reads and is ready, and applies entries afterwards`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let api = API(token: stack.token)
            let (lancamentos, consolidado) = (stack.lancamentos, stack.consolidados[0])
            let day = "/v1/consolidados/2026-01-01?conta=loja"
            #expect(try await api.post(lancamentos, Self.entryOfTheDay).status == 201)
            #expect(try await eventually { try await api.get(consolidado, day)["total_creditos"] == "1.00" })

            try await Self.setReadOnly(true, stack)
            #expect(try await api.post(lancamentos, Self.entryOfTheDay).status == 201)
            #expect(try await eventually { try Self.lines(consolidado, "consumption stops") == 1 }, "the entry met the refusal")
            for _ in 0..<5 {
                let readiness = try await api.get(consolidado, "/readyz")
                #expect(readiness.status == 200, "\(readiness.text)")
                let answer = try await api.get(consolidado, day)
                #expect(answer.status == 200 && answer["total_creditos"] == "1.00", "\(answer.text)")
            }
            try await Self.setReadOnly(false, stack)
            #expect(try await eventually { try await api.get(consolidado, day)["total_creditos"] == "2.00" })
        }
    }

    @Test func `readiness knows of a missing right before an entry meets it, and of a refused write until one is accepted`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers, consolidados: 0) { stack in
                let url = try #require(stack.databases["lancamentos"])
                var address = try #require(URLComponents(string: url))
                (address.user, address.password) = ("servico", "teste")
                try await TestServers.administer(
                    url,
                    "create role servico login password 'teste'; grant select, insert, update, delete on all tables in schema public to servico"
                )
                let instance = try ServiceProcess.make(
                    "lancamentos", databaseURL: try #require(address.string), amqpURL: servers.brokerURL(of: "lancamentos"),
                    ["FLUXO_AUTH_SEGREDO": stack.secret])
                let api = API(token: stack.token)
                try await instance.start()
                #expect(try await api.post(instance, Self.body).status == 201)

                try await TestServers.administer(url, "revoke insert on outbox from servico")
                #expect(await eventually { await !instance.isReady() })
                let readiness = try await api.get(instance, "/readyz")
                #expect(readiness.text.contains("o direito de gravar"), "\(readiness.text)")
                for _ in 0..<5 { Self.expectRefused(try await api.post(instance, Self.body)) }
                #expect(try Self.lines(instance, "database refuses statements") == 1)
                #expect(try Self.lines(instance, "42501") == 1)
                #expect(try Self.lines(instance, "permission denied for table outbox") == 1)
                try await TestServers.administer(url, "grant insert on outbox to servico")
                try await instance.waitUntilReady()
                #expect(try await api.post(instance, Self.body).status == 201)
                #expect(try Self.lines(instance, "accepts the refused statements again") == 1)

                // What no question shows, as a full disk: the server raises its error at each write.
                try await TestServers.administer(
                    url,
                    """
                    create function cheio() returns trigger language plpgsql as
                        $$ begin raise exception 'No space left on device' using errcode = '53100'; end $$;
                    create trigger cheio before insert on lancamentos for each row execute function cheio()
                    """)
                #expect(await instance.isReady(), "no write has been refused yet")
                Self.expectRefused(try await api.post(instance, Self.body))
                #expect(await eventually { await !instance.isReady() })
                try await Task.sleep(for: .seconds(3))
                let refusal = try await api.get(instance, "/readyz")
                #expect(refusal.status == 503 && refusal.text.contains("53100"), "\(refusal.text)")
                try await TestServers.administer(url, "drop trigger cheio on lancamentos")
                try await instance.waitUntilReady()
                #expect(try await api.post(instance, Self.body).status == 201)
                let listed = try await api.get(instance, "/v1/lancamentos?conta=prova")
                #expect(listed.text.contains(#""itens":[]"#), "the attempts of readiness leave nothing: \(listed.text)")
                #expect(await instance.terminate() == 0)
            }
        }
    }
}
