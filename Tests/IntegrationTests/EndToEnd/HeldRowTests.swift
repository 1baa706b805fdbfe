import Postgres
import TestSupport
import Testing

/// Another session holds a row of one account: the accounts beside it must not notice. Servers of the suite's own: an alarm of the common broker
/// would delay entries.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct HeldRowTests {
    /// The promise: a neighbour's entry is in its balance within this time.
    private static let neighbourMax: Duration = .seconds(2)
    private static let data = "2026-11-24"

    /// What holds rows of the account `presa`, and the account whose entries then wait.
    private static let holds: [(sql: String, held: String)] = [
        ("select from contas where conta = 'presa' for update", "presa"),
        ("select from saldos_diarios where conta = 'presa' for update", "presa"),
        ("select from totais_mensais where conta = 'presa' for update", "presa"),
        // An account that another session inserts and does not commit: no query shows what a batch would wait for.
        (
            "insert into contas select 'nova', versao, saldo, primeira_data, ultima_data, quantidade from contas where conta = 'presa'",
            "nova"
        ),
    ]

    @Test func `while a row of one account is held, all others are consolidated within 2 s`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers, consolidados: 2) { stack in
                let scene = Scene(stack)
                try await scene.expectApplied([scene.post("presa")], "presa")
                var expected = ["presa": 1]
                for (sql, held) in Self.holds {
                    let holder = try await scene.hold(sql)
                    var ids: [String] = []
                    for _ in 0..<3 {
                        ids.append(try await scene.post(held))
                        for number in 0..<4 { try await scene.expectQuick("livre\(number)") }
                    }
                    #expect(try await !scene.isApplied(ids[0], held), "the row should have been held until now")
                    try await holder.runScript("rollback")
                    await holder.close()
                    try await scene.expectApplied(ids, held)
                    expected[held, default: 0] += 3
                    for number in 0..<4 { expected["livre\(number)", default: 0] += 3 }
                }
                for (conta, count) in expected { #expect(try await scene.quantity(conta) == "\(count)", "\(conta)") }
            }
        }
    }

    @Test func `entries of the held account, more than the prefetch, leave room for the others`() async throws {
        let environment = ["FLUXO_CONSOLIDADO_PREFETCH": "40", "FLUXO_CONSOLIDADO_LOTE_MAX": "20"]
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers, consolidados: 1, environment: environment) { stack in
                let scene = Scene(stack)
                try await scene.expectApplied([scene.post("presa")], "presa")
                let holder = try await scene.hold("select from contas where conta = 'presa' for update")
                var ids: [String] = []
                for _ in 0..<150 { ids.append(try await scene.post("presa")) }
                for _ in 0..<5 { try await scene.expectQuick("livre") }
                #expect(try await !scene.isApplied(ids[0], "presa"), "the row should have been held until now")
                try await holder.runScript("rollback")
                await holder.close()
                for start in stride(from: 0, to: ids.count, by: 50) {
                    try await scene.expectApplied(Array(ids[start..<start + 50]), "presa")
                }
                #expect(try await scene.quantity("presa") == "151")
                #expect(try await scene.quantity("livre") == "5")
            }
        }
    }

    /// A running system and what the tests do with it.
    private struct Scene {
        private let api: API
        private let stack: Stack

        init(_ stack: Stack) {
            self.stack = stack
            self.api = API(token: stack.token)
        }

        /// Holds rows by a transaction that stays open.
        func hold(_ sql: String) async throws -> PostgresConnection {
            let url = try #require(self.stack.databases["consolidado"])
            let holder = try await PostgresConnection.connect(.patient(url))
            try await holder.runScript("begin; \(sql)")
            return holder
        }

        func post(_ conta: String) async throws -> String {
            let body = #"{"conta":"\#(conta)","tipo":"credito","valor":"1.00","data":"\#(HeldRowTests.data)"}"#
            let answer = try await self.api.post(self.stack.lancamentos, body)
            return try #require(answer["id"], "\(answer.status): \(answer.text)")
        }

        /// Registers an entry of an account that is not held.
        func expectQuick(_ conta: String) async throws {
            let id = try await self.post(conta)
            let (_, time) = try await timed { try await self.expectApplied([id], conta) }
            #expect(time < HeldRowTests.neighbourMax, "\(conta)")
        }

        func expectApplied(_ ids: [String], _ conta: String) async throws {
            let url = "\(self.stack.consolidados[0].url)\(self.path(conta))&apos=\(ids.joined(separator: ","))"
            let answer = try await self.api.send("GET", url, headers: [("Prefer", "wait=30")], timeoutSeconds: 40)
            #expect(answer.status == 200, "\(conta): \(answer.text)")
        }

        func isApplied(_ id: String, _ conta: String) async throws -> Bool {
            try await self.api.get(self.stack.consolidados[0], "\(self.path(conta))&apos=\(id)").status == 200
        }

        func quantity(_ conta: String) async throws -> String? {
            try await self.api.get(self.stack.consolidados[0], self.path(conta))["quantidade_creditos"]
        }

        private func path(_ conta: String) -> String { "/v1/consolidados/\(HeldRowTests.data)?conta=\(conta)" }
    }
}
