import TestSupport
import Testing

@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct RecomputationTests {
    @Test func `every day of every account equals an independent recomputation, from both instances`() async throws {
        try await Stack.with { stack in
            let load = Load(seed: UInt64.random(in: 0...UInt64.max))
            let ledger = try await load.run(against: stack)
            #expect(ledger.entries.count == load.entries)
            try await BalanceCheck.expectEqual(ledger, load, stack)
        }
    }
}
