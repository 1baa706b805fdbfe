import Foundation
import TestSupport
import Testing

/// The documents and the running services, seen by tools that nobody here wrote.
@Suite(
    .enabled(
        if: TestServers.hasEverything && TestServers.python != nil, "needs the servers, products and tools that deploy/local/test provides"),
    .serialized, .timeLimit(.minutes(20))
)
struct ConformanceTests {
    @Test func `every document is accepted by the validators of its format`() async throws {
        let output = try await ConformanceTool.run("validate.py", [ConformanceTool.config])
        print(output)
    }

    @Test func `every guide runs as it is written`() async throws {
        let folder = "\(ConformanceTool.config)/guias"
        let guides = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".md") }.sorted()
        #expect(guides.count >= 3)
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers) { stack in
                let amqpURL = try servers.brokerURL(of: "integrador")
                for guide in guides {
                    do {
                        try await ConformanceTool.run("guide.py", ["\(folder)/\(guide)"], stack: stack, amqpURL: amqpURL)
                        print("guide \(guide): ran")
                    } catch {
                        Issue.record(error, "guide \(guide)")
                    }
                }
            }
        }
    }

    @Test func `the program of the guide about durable queues notices an extract that is cut`() async throws {
        try await ConformanceTool.run("cut_extract.py", ["\(ConformanceTool.config)/guias/acompanhar-sem-perder.md"])
    }

    @Test func `every example of the page runs as it is shown`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            print(try await ConformanceTool.run("examples.py", [stack.lancamentos.url], stack: stack))
        }
    }

    @Test func `a generated client registers an entry and reads its balance`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            print(try await ConformanceTool.run("client.py", [], stack: stack))
        }
    }

    @Test func `clients of another generator in four languages are made, and one is used`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            print(try await ConformanceTool.run("clients.py", [], stack: stack))
        }
    }

    /// At least so many cases against each service; consolidado has fewer calls, so each gets more.
    @Test func `a conformance fuzzer finds nothing`() async throws {
        let casesMin = TestServers.runsLongTests ? "10000" : "1000"
        let examples = TestServers.runsLongTests ? ("3000", "6000") : ("200", "400")
        // Nobody waits long for ids that a fuzzer makes up.
        try await Stack.with(consolidados: 1, environment: ["FLUXO_CONSOLIDADO_APOS_ESPERA_MAX_MS": "50"]) { stack in
            for (instance, examples) in [(stack.lancamentos, examples.0), (stack.consolidados[0], examples.1)] {
                do {
                    let output = try await ConformanceTool.run("fuzz.py", [instance.url, casesMin, examples], stack: stack)
                    print(output.suffix(2000))
                } catch {
                    Issue.record(error)
                }
            }
        }
    }
}
