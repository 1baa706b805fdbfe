import Postgres
import TestSupport
import Testing

/// Another session holds a row of one account: the accounts beside it must not notice.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct HeldRowTests {
    private static let held = "presa"
    private static let neighbours = 8
    /// The promise: a neighbour's entry is in its balance within this time.
    private static let neighbourMax: Duration = .seconds(2)
    private static let data = "2026-11-24"

    @Test(arguments: [
        "select from contas where conta = 'presa' for update",
        "select from saldos_diarios where conta = 'presa' for update",
        "select from totais_mensais where conta = 'presa' for update",
        // An account that another session inserts and does not commit: no query shows what a batch would wait for.
        "insert into contas select 'nova', versao, saldo, primeira_data, ultima_data, quantidade from contas where conta = 'presa'",
    ])
    func `while a row of one account is held, all others are consolidated within 2 s`(hold: String) async throws {
        try await Stack.with(consolidados: 2) { stack in
            let api = API(token: stack.token)
            try await Self.expectApplied([Self.post(Self.held, api, stack)], Self.held, api, stack)
            let held = hold.contains("'nova'") ? "nova" : Self.held

            var configuration = try PostgresConfiguration(url: try #require(stack.databases["consolidado"]), applicationName: "tests")
            configuration.idleInTransactionTimeout = .seconds(120)
            let holder = try await PostgresConnection.connect(configuration)
            try await holder.runScript("begin; \(hold)")

            var heldIDs: [String] = []
            for _ in 0..<4 {
                heldIDs.append(try await Self.post(held, api, stack))
                for number in 0..<Self.neighbours {
                    let conta = "livre\(number)"
                    let id = try await Self.post(conta, api, stack)
                    let posted = ContinuousClock.now
                    try await Self.expectApplied([id], conta, api, stack)
                    #expect(ContinuousClock.now - posted < Self.neighbourMax, "\(conta)")
                }
            }
            let answer = try await api.get(stack.consolidados[0], "/v1/consolidados/\(Self.data)?conta=\(held)&apos=\(heldIDs[0])")
            #expect(answer.status == 409, "the row should have been held until now")
            try await holder.runScript("rollback")
            await holder.close()
            try await Self.expectApplied(heldIDs, held, api, stack)
            let count = held == Self.held ? 5 : 4
            let day = try await api.get(stack.consolidados[1], "/v1/consolidados/\(Self.data)?conta=\(held)")
            #expect(day["quantidade_creditos"] == "\(count)")
            for number in 0..<Self.neighbours {
                let day = try await api.get(stack.consolidados[0], "/v1/consolidados/\(Self.data)?conta=livre\(number)")
                #expect(day["quantidade_creditos"] == "4", "livre\(number)")
            }
        }
    }

    private static func post(_ conta: String, _ api: API, _ stack: Stack) async throws -> String {
        let body = #"{"conta":"\#(conta)","tipo":"credito","valor":"1.00","data":"\#(self.data)"}"#
        let answer = try await api.post(stack.lancamentos, body)
        return try #require(answer["id"], "\(answer.status): \(answer.text)")
    }

    private static func expectApplied(_ ids: [String], _ conta: String, _ api: API, _ stack: Stack) async throws {
        let path = "/v1/consolidados/\(self.data)?conta=\(conta)&apos=\(ids.joined(separator: ","))"
        let answer = try await api.send(
            "GET", "\(stack.consolidados[0].url)\(path)", headers: [("Prefer", "wait=30")], timeoutSeconds: 40)
        #expect(answer.status == 200, "\(conta): \(answer.text)")
    }
}
