import TestSupport
import Testing

/// `config/rabbitmq/import` where something fails.
@Suite(
    .enabled(
        if: TestServers.hasEverything && TestServers.python != nil, "needs the servers, products and tools that deploy/local/test provides"),
    .timeLimit(.minutes(3))
)
struct ImportTests {
    @Test func `the import starts over when a connection ends, and is harmless when repeated`() async throws {
        let broker = try #require(TestServers.rabbitmqFolder)
        print(try await ConformanceTool.run("import_again.py", [ConformanceTool.config, broker]))
    }
}
