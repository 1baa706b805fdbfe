import Fixtures
import Foundation
import NIOConcurrencyHelpers
import Postgres
import TestSupport
import Testing

/// A database that does not answer: no request waits for it longer than the promised time, and no answer says more than is known. Servers of
/// the suite's own.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(10))
)
struct StalledDatabaseTests {
    private static let answerMax: Duration = .milliseconds(2500)
    private static let unknown = "#resultado-desconhecido"
    private static let body = #"{"conta":"loja","tipo":"credito","valor":"1.00"}"#

    /// Sends requests and keeps the longest wait for an answer.
    private struct Client: Sendable {
        let api: API
        let longest = NIOLockedValueBox<(wait: Duration, request: String)>((.zero, ""))

        func send(
            _ method: String, _ url: String, headers: [(String, String)] = [], body: String? = nil
        ) async throws -> API.Answer {
            let (answer, wait) = try await timed { try await self.api.send(method, url, headers: headers, body: body) }
            self.longest.withLockedValue { if wait > $0.wait { $0 = (wait, "\(method) \(url) \(answer.status)") } }
            return answer
        }
    }

    @Test func `every request is answered within 2,5 s while every process of PostgreSQL stands still`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers, consolidados: 1) { stack in
                let client = Client(api: API(token: stack.token))
                let lancamentos = "\(stack.lancamentos.url)/v1/lancamentos"
                let saldos = "\(stack.consolidados[0].url)/v1"
                let original = try #require(try await client.send("POST", lancamentos, body: Self.body)["id"])
                let requests: [@Sendable () async throws -> API.Answer] = [
                    { try await client.send("POST", lancamentos, body: Self.body) },
                    { try await client.send("POST", lancamentos, headers: [("Idempotency-Key", "k")], body: Self.body) },
                    { try await client.send("POST", "\(lancamentos)/\(original)/estorno") },
                    { try await client.send("GET", "\(lancamentos)/\(original)") },
                    { try await client.send("GET", "\(lancamentos)?conta=loja") },
                    { try await client.send("GET", "\(lancamentos)?conta=loja&chave=k") },
                    { try await client.send("GET", "\(saldos)/consolidados/2026-01-01?conta=loja") },
                    { try await client.send("GET", "\(saldos)/consolidados/2026-01-01?conta=loja&apos=\(original)") },
                    { try await client.send("GET", "\(saldos)/consolidados?conta=*&de=2026-01-01&ate=2026-12-31") },
                    { try await client.send("GET", "\(saldos)/contas") },
                ]
                // So that the pools have connections when the server stops.
                for request in requests.dropFirst(3) { _ = try await request() }
                try await servers.signalTree(.postgres, SIGSTOP)
                let stopped = ContinuousClock.now
                let unknownKeyed = NIOLockedValueBox(false)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    // Not more at once than the HTTP client has connections to one instance (8): its own queue would count too.
                    for request in requests {
                        group.addTask {
                            while ContinuousClock.now - stopped < .seconds(9) {
                                let answer = try await request()
                                #expect(answer.status == 503, "\(answer.text)")
                                try await Task.sleep(for: .milliseconds(100))
                            }
                        }
                    }
                    group.addTask {
                        // Once the outcome of a key is unknown, no later answer says that nothing is registered.
                        while ContinuousClock.now - stopped < .seconds(9) {
                            let answer = try await client.send("POST", lancamentos, headers: [("Idempotency-Key", "once")], body: Self.body)
                            let isUnknown = answer["type"]?.hasSuffix(Self.unknown) == true
                            if isUnknown { unknownKeyed.withLockedValue { $0 = true } }
                            #expect(isUnknown || !unknownKeyed.withLockedValue { $0 }, "\(answer.text)")
                        }
                    }
                    try await group.waitForAll()
                }
                let longest = client.longest.withLockedValue { $0 }
                print("longest wait while PostgreSQL stands still: \(longest)")
                #expect(longest.wait <= Self.answerMax, "\(longest)")
                try await servers.signalTree(.postgres, SIGCONT)
                try await stack.lancamentos.waitUntilReady()
                let again = try await eventually {
                    try await [200, 201].contains(
                        client.send("POST", lancamentos, headers: [("Idempotency-Key", "once")], body: Self.body).status)
                }
                #expect(again)
            }
        }
    }

    private static func waitingCommits(_ database: String, of service: String) async throws -> Int64 {
        let connection = try await PostgresConnection.connect(.patient(database))
        let rows = try await connection.query(
            "select count(*) from pg_stat_activity where wait_event = 'SyncRep' and application_name = \(service)")
        await connection.close()
        return try #require(rows.first).decode(0)
    }

    /// Waits until commits wait. The server's processes read a changed configuration one after the other, and the one that decides this is
    /// not among the first.
    private static func commitsBeginToWait(_ database: String) async throws -> Bool {
        try await eventually {
            let commit = Task { try await TestServers.administer(database, "comment on schema public is 'teste'") }
            defer { commit.cancel() }
            return try await eventually(within: .seconds(1)) { try await Self.waitingCommits(database, of: "tests") > 0 }
        }
    }

    @Test func `what may still be committed is never reported as missing or not registered`() async throws {
        try await CommandScene.with { scene in
            let stack = scene.stack
            let database = try scene.servers.url(.postgres)
            // The claims that a process remembers are its own; a second instance has only the database to ask.
            let second = try ServiceProcess.make(
                "lancamentos", databaseURL: stack.databases["lancamentos"]!, amqpURL: scene.servers.brokerURL(of: "lancamentos"),
                ["FLUXO_AUTH_SEGREDO": stack.secret])
            try await second.start()
            let client = Client(api: scene.api)
            let instances = [stack.lancamentos, second].map { "\($0.url)/v1/lancamentos" }
            func post(_ instance: String, key: String? = nil) async throws -> API.Answer {
                try await client.send("POST", instance, headers: key.map { [("Idempotency-Key", $0)] } ?? [], body: Self.body)
            }
            let original = try #require(try await post(instances[0])["id"])

            try await TestServers.administer(database, "alter system set synchronous_standby_names = 'ausente'")
            try await TestServers.administer(database, "select pg_reload_conf()")
            #expect(try await Self.commitsBeginToWait(database))
            async let keyless = post(instances[0])
            async let keyed = post(instances[0], key: "k")
            async let estorno = client.send("POST", "\(instances[0])/\(original)/estorno")
            async let lote = client.api.send(
                "POST", "\(instances[0])/lote", headers: [("Content-Type", "application/x-ndjson")],
                body: #"{"conta":"loja","tipo":"credito","valor":"2.00","chave":"l"}"#)
            let firsts = try await [keyless, keyed, estorno]
            for answer in firsts { #expect(answer["type"]?.hasSuffix(Self.unknown) == true, "\(answer.text)") }
            #expect(try await lote.text.contains(Self.unknown))
            try await scene.asUser("integrador") { try await $0.command("m", Self.body) }
            let ids = try firsts.map { try #require($0["id"]) }

            func expectUnknown(_ answer: API.Answer, id: String? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
                #expect(
                    answer.status == 503 && answer["type"]?.hasSuffix(Self.unknown) == true, "\(answer.text)",
                    sourceLocation: sourceLocation)
                #expect(answer.header("Retry-After") != nil, "\(answer.text)", sourceLocation: sourceLocation)
                if let id { #expect(answer["id"] == id, "\(answer.text)", sourceLocation: sourceLocation) }
            }
            func expectNothingUntrue() async throws {
                for instance in instances {
                    for id in ids { expectUnknown(try await client.send("GET", "\(instance)/\(id)"), id: id) }
                    for key in ["k", "l"] {
                        expectUnknown(try await client.send("GET", "\(instance)?conta=loja&chave=\(key)"))
                        expectUnknown(try await post(instance, key: key))
                    }
                    expectUnknown(try await client.send("POST", "\(instance)/\(original)/estorno"))
                    expectUnknown(try await client.send("POST", "\(instance)/\(ids[0])/estorno"), id: ids[0])
                }
                // An entry that is there is found at once.
                #expect(try await client.send("GET", "\(instances[1])/\(original)").status == 200)
            }
            try await expectNothingUntrue()
            // Once a commit waits, others are not sent behind it: each would hold a session of the server.
            for _ in 0..<30 {
                for instance in instances { #expect(try await post(instance).status == 503) }
            }
            let waiting = try await Self.waitingCommits(database, of: "lancamentos")
            #expect((3...12).contains(waiting), "\(waiting) sessions wait")
            for instance in [stack.lancamentos, second] {
                let readiness = try await client.api.get(instance, "/readyz")
                #expect(readiness.status == 503 && readiness.text.contains("confirmadas"), "\(readiness.text)")
            }
            // Longer than every time-out of a session: the waiting commits remain.
            try await Task.sleep(for: .seconds(31))
            try await expectNothingUntrue()
            let longest = client.longest.withLockedValue { $0 }
            print("longest wait while commits wait: \(longest)")
            #expect(longest.wait <= Self.answerMax, "\(longest)")

            try await TestServers.administer(database, "alter system reset synchronous_standby_names")
            try await TestServers.administer(database, "select pg_reload_conf()")
            for id in ids {
                #expect(try await eventually { try await client.send("GET", "\(instances[1])/\(id)").status == 200 })
            }
            let replay = try await post(instances[1], key: "k")
            #expect(replay.status == 200 && replay["id"] == ids[1], "\(replay.text)")
            let reversed = try await client.send("POST", "\(instances[1])/\(original)/estorno")
            #expect(reversed.status == 200 && reversed["id"] == ids[2], "\(reversed.text)")
            #expect(try await client.send("GET", "\(instances[0])/\(UUID().uuidString.lowercased())").status == 404)
            #expect(
                try await eventually {
                    try await client.send("GET", "\(instances[0])?conta=loja&chave=m").member("itens")?.texts("id").count == 1
                })
            #expect(await second.terminate() == 0)
        }
    }
}
