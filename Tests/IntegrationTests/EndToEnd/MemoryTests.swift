import Fixtures
import TestSupport
import Testing

/// What many entries cost in memory: nothing that stays.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(10))
)
struct MemoryTests {
    /// Allocators keep some of what a first load needed; what grows with each entry would be far more: a leak of 200 bytes an entry is 29 MiB.
    private static let growthMaxKiB = 24 * 1024
    private static let linesPerLote = 10_000

    @Test func `after 200,000 entries the services are as small as after 50,000`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let line = #"{"conta":"loja.caixa","tipo":"credito","valor":"0.01","data":"2026-01-02"}"#
            let body = Array(repeating: line, count: Self.linesPerLote).joined(separator: "\n")
            let processes = [("lancamentos", stack.lancamentos), ("consolidado", stack.consolidados[0])]
            var sent = 0
            func send(upTo total: Int) async throws {
                while sent < total {
                    let answer = try await API(token: stack.token).send(
                        "POST", "\(stack.lancamentos.url)/v1/lancamentos/lote", headers: [("Content-Type", "application/x-ndjson")],
                        body: body, timeoutSeconds: 120)
                    #expect(answer.text.split(separator: "\n").count { $0.contains("\"status\":201") } == Self.linesPerLote)
                    sent += Self.linesPerLote
                }
                try await Self.waitUntilApplied(sent, stack)
            }
            try await send(upTo: 50_000)
            let before = try processes.map { try $0.1.residentMemoryKiB() }
            try await send(upTo: 200_000)
            for ((name, process), before) in zip(processes, before) {
                let after = try process.residentMemoryKiB()
                #expect(after - before < Self.growthMaxKiB, "\(name) grew from \(before) KiB to \(after) KiB")
            }
        }
    }

    private static func waitUntilApplied(_ count: Int, _ stack: Stack) async throws {
        let path = "/v1/consolidados/2026-01-02?conta=loja.caixa"
        #expect(
            try await eventually(within: .seconds(120)) {
                try await API(token: stack.token).get(stack.consolidados[0], path)["quantidade_creditos"] == "\(count)"
            })
    }
}
