import Contrato
import Documents
import Fixtures
import Foundation
import TestSupport
import Testing

/// What runs is what is documented, and the reverse: calls and names on the broker.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct DocumentedTests {
    @Test func `the services answer exactly the calls that are documented`() async throws {
        try await Stack.with(consolidados: 1, environment: ["FLUXO_LOG_NIVEL": "debug"]) { stack in
            for (service, instance) in [(PublishedDocument.Service.lancamentos, stack.lancamentos), (.consolidado, stack.consolidados[0])] {
                let log = try instance.readLog()
                let line = try #require(log.split(separator: "\n").first { $0.contains("calls served") })
                let served = Set(line.matches(of: /(GET|POST|PUT|PATCH|DELETE) \/[^, "]*/).map { String($0.0) })
                let document = OpenAPIDocument(try PublishedDocument.openAPI(service, urlPublica: "http://localhost:8080"))
                let documented = Set(document.operations.map { "\($0.method) \($0.path)" })
                #expect(served.subtracting(documented) == [], "served, not documented")
                #expect(documented.subtracting(served) == [], "documented, not served")
            }
        }
    }

    @Test func `the broker has exactly what is documented`() async throws {
        let document = try PublishedDocument.value(
            yaml: String(contentsOfFile: "\(ConformanceTool.config)/asyncapi.yaml", encoding: .utf8))
        let channels = try #require(document["channels"]).members.map(\.value)
        let exchanges = Set(channels.compactMap { $0["bindings"]?["amqp"]?["exchange"]?["name"]?.text }.map { "exchange \($0)" })
        let queues = channels.filter { $0["bindings"]?["amqp"]?["queue"] != nil }
        let names = exchanges.union(queues.compactMap { $0["address"]?.text }.map { "queue \($0)" })
        guard let url = TestServers.managementURL else { throw TestFailure("TESTE_RABBITMQ_MANAGEMENT_URL is not set") }
        let management = try Management(url: url)
        try await Stack.with(consolidados: 1) { stack in
            var found = try await Self.declared(management, stack.virtualHost)
            _ = try await eventually {
                found = try await Self.declared(management, stack.virtualHost)
                return found.names == names && found.serverNamed == 0
            }
            #expect(found.names == names)
            #expect(found.serverNamed == 0, "an instance has a queue without a name to be documented only while it has readers of events")
            for queue in queues {
                let name = queue["address"]?.text ?? ""
                #expect(found.arguments[name] == Self.sorted(try #require(queue["x-argumentos"])), "\(name)")
                let bindings = queue["x-ligacoes"]?.elements.map { "\($0["exchange"]?.text ?? "") \($0["chave"]?.text ?? "")" } ?? []
                #expect(found.bindings[name, default: []] == Set(bindings), "\(name)")
            }
        }
    }

    private struct Declared {
        var names: Set<String> = []
        /// Queues with a name that the broker gave.
        var serverNamed = 0
        var arguments: [String: [String]] = [:]
        var bindings: [String: Set<String>] = [:]
    }

    private static func declared(_ management: Management, _ virtualHost: String) async throws -> Declared {
        func list(_ kind: String) async throws -> [JSONValue] {
            try JSONReader.read(await management.request("GET", "\(kind)/\(virtualHost)")).elements
        }
        var declared = Declared()
        for exchange in try await list("exchanges") {
            guard let name = exchange["name"]?.text, !name.isEmpty, !name.hasPrefix("amq.") else { continue }
            declared.names.insert("exchange \(name)")
        }
        for queue in try await list("queues") {
            guard let name = queue["name"]?.text else { continue }
            guard !name.hasPrefix(AMQPNames.Queue.serverNamedPrefix) else {
                declared.serverNamed += 1
                continue
            }
            declared.names.insert("queue \(name)")
            declared.arguments[name] = self.sorted(queue["arguments"] ?? .null)
        }
        for binding in try await list("bindings") {
            guard let queue = binding["destination"]?.text, let exchange = binding["source"]?.text, !exchange.isEmpty else { continue }
            declared.bindings[queue, default: []].insert("\(exchange) \(binding["routing_key"]?.text ?? "")")
        }
        return declared
    }

    /// Arguments in a form that does not depend on their order.
    private static func sorted(_ arguments: JSONValue) -> [String] {
        arguments.members.map { member in
            switch member.value {
            case .string(let text), .number(let text): "\(member.name)=\(text)"
            default: "\(member.name)=?"
            }
        }.sorted()
    }
}
