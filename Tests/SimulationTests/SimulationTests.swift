import TestSupport
import Testing

/// The simulation itself; `deploy/local/test` runs its 10,000 lives (`simulacao`).
@Suite(.enabled(if: TestServers.products != nil)) struct SimulationTests {
    private static func life(_ seed: Int) async throws -> String {
        let products = try #require(TestServers.products)
        return try await Command.run("\(products)/simulacao", ["--semente", "\(seed)", "--rastro"])
    }

    @Test(arguments: 1...8)
    func `a seed gives the same life in every process, event by event`(seed: Int) async throws {
        let first = try await Self.life(seed)
        #expect(try await Self.life(seed) == first)
        #expect(first.split(separator: "\n").count > 20, "the trace shows the life")
    }

    @Test func `two seeds give two lives`() async throws {
        #expect(try await Self.life(1).split(separator: "\n").last != Self.life(2).split(separator: "\n").last)
    }
}
