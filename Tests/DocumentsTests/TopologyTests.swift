import AMQP
import Contrato
import Foundation
import Testing

@testable import Consolidado
@testable import Documents
@testable import Lancamentos

/// What the services declare, what `config/rabbitmq/definitions.json` imports and what `config/asyncapi.yaml` documents is one topology:
/// a queue or exchange declared in another form than it exists in is refused.
@Suite struct TopologyTests {
    /// Each thing once, by any of its declarers.
    private struct Topology: Equatable {
        var exchanges: Set<AMQPTopology.Exchange> = []
        var queues: Set<AMQPTopology.Queue> = []
        var bindings: Set<AMQPTopology.Binding> = []
    }

    private static func declared() -> Topology {
        let all = [
            LancamentosTopology.eventos, LancamentosTopology.comandos, LancamentosTopology.comandosDeadLetters,
            ConsolidadoTopology.consumer, ConsolidadoTopology.deadLetters, ConsolidadoTopology.notices,
        ]
        return Topology(
            exchanges: Set(all.flatMap(\.exchanges)),
            queues: Set(all.flatMap(\.queues).map { Self.sorted($0) }),
            bindings: Set(all.flatMap(\.bindings))
        )
    }

    private static func definitions() throws -> JSONValue {
        try JSONReader.read(Array(Documented.text("config/rabbitmq/definitions.json").utf8))
    }

    private static func elements(_ kind: String) throws -> [JSONValue] { try #require(try Self.definitions()[kind]).elements }

    /// The order of arguments has no meaning.
    private static func sorted(_ queue: AMQPTopology.Queue) -> AMQPTopology.Queue {
        var queue = queue
        queue.arguments = AMQPTable(queue.arguments.entries.sorted { $0.name < $1.name })
        return queue
    }

    private static func arguments(_ value: JSONValue?) throws -> AMQPTable {
        AMQPTable(
            try #require(value).members.sorted { $0.name < $1.name }.map { member in
                if let text = member.value.text { return .init(name: member.name, value: .string(text)) }
                return .init(name: member.name, value: .int64(Int64(try #require(member.value.integer))))
            })
    }

    private static func flag(_ value: JSONValue?) throws -> Bool {
        guard case .bool(let flag) = value else { throw Missing() }
        return flag
    }

    private struct Missing: Error {}

    private static func exchange(_ value: JSONValue, autoDelete: String) throws -> AMQPTopology.Exchange {
        .init(
            name: try #require(value["name"]?.text), kind: try #require(.init(rawValue: value["type"]?.text ?? "")),
            durable: try Self.flag(value["durable"]), autoDelete: try Self.flag(value[autoDelete]))
    }

    @Test func `each name is declared in one form, and every name of the code is declared`() {
        let declared = Self.declared()
        #expect(
            declared.exchanges.map(\.name).sorted() == [
                AMQPNames.Exchange.comandos, AMQPNames.Exchange.consolidados, AMQPNames.Exchange.lancamentos,
            ])
        #expect(
            declared.queues.map(\.name).sorted() == [
                AMQPNames.Queue.consolidado, AMQPNames.Queue.consolidadoDLQ, AMQPNames.Queue.comandos, AMQPNames.Queue.comandosDLQ,
            ])
    }

    @Test func `definitions.json is what the services declare`() throws {
        let imported = Topology(
            exchanges: Set(try Self.elements("exchanges").map { try Self.exchange($0, autoDelete: "auto_delete") }),
            queues: Set(
                try Self.elements("queues").map {
                    .init(
                        name: try #require($0["name"]?.text), durable: try Self.flag($0["durable"]),
                        autoDelete: try Self.flag($0["auto_delete"]), arguments: try Self.arguments($0["arguments"]))
                }),
            bindings: Set(
                try Self.elements("bindings").map {
                    .init(
                        queue: try #require($0["destination"]?.text), exchange: try #require($0["source"]?.text),
                        routingKey: try #require($0["routing_key"]?.text))
                })
        )
        #expect(imported == Self.declared())
    }

    @Test func `asyncapi.yaml is what the services declare`() throws {
        let channels = try #require(try Documented.asyncAPI().value["channels"]).members.map(\.value)
        var documented = Topology()
        for channel in channels {
            let amqp = channel["bindings"]?["amqp"]
            if let exchange = amqp?["exchange"] { documented.exchanges.insert(try Self.exchange(exchange, autoDelete: "autoDelete")) }
            guard let queue = amqp?["queue"] else { continue }
            let name = try #require(queue["name"]?.text)
            documented.queues.insert(
                .init(
                    name: name, durable: try Self.flag(queue["durable"]), exclusive: try Self.flag(queue["exclusive"]),
                    autoDelete: try Self.flag(queue["autoDelete"]), arguments: try Self.arguments(channel["x-argumentos"])))
            for binding in try #require(channel["x-ligacoes"]).elements {
                documented.bindings.insert(
                    .init(
                        queue: name, exchange: try #require(binding["exchange"]?.text), routingKey: try #require(binding["chave"]?.text)))
            }
        }
        #expect(documented == Self.declared())
    }

    @Test func `definitions.json has nothing else`() throws {
        // Users in it would lock out the administrator of the broker.
        #expect(try Self.definitions().names == ["exchanges", "queues", "bindings", "policies"])
        for kind in ["exchanges", "queues", "bindings", "policies"] {
            #expect(try Self.elements(kind).allSatisfy { $0["vhost"]?.text == "/" }, "\(kind)")
        }
        for exchange in try Self.elements("exchanges") {
            #expect(exchange["internal"] == .bool(false) && exchange["arguments"]?.names == [], "\(exchange)")
            #expect(exchange.names == ["vhost", "name", "type", "durable", "auto_delete", "internal", "arguments"])
        }
        for queue in try Self.elements("queues") {
            #expect(queue.names == ["vhost", "name", "durable", "auto_delete", "arguments"])
        }
        for binding in try Self.elements("bindings") {
            #expect(binding["destination_type"]?.text == "queue" && binding["arguments"]?.names == [], "\(binding)")
        }
    }

    @Test func `policies limit the length of queues and nothing else, each those it is meant for`() throws {
        let policies = try Self.elements("policies")
        #expect(policies.compactMap { $0["name"]?.text } == ["fluxo-caixa", "integradores"])
        let ours = Self.declared().queues.map(\.name)
        let theirs = ["amq.gen-JzTY20BRgKO", "respostas.integrador.caixa", "eventos.erp"]
        let nobodys = ["consolidado.lancamentos.x", "xlancamentos.comandos", "consolidadoxlancamentos", "x.eventos.erp", "amq.genx"]
        for (policy, expected) in zip(policies, [ours, theirs]) {
            // `queues` is the target that every version knows.
            #expect(policy["apply-to"]?.text == "queues")
            // The broker searches for the pattern anywhere in the name.
            let pattern = try Regex(try #require(policy["pattern"]?.text))
            let met = (ours + theirs + nobodys).filter { $0.firstMatch(of: pattern) != nil }
            #expect(met.sorted() == expected.sorted())
        }
        // Ours refuse what they cannot hold; another's lose their oldest, or they would hold back everybody's events.
        #expect(policies[0]["definition"]?.names == ["max-length-bytes", "overflow"])
        #expect(policies[0]["definition"]?["overflow"]?.text == "reject-publish")
        #expect(policies[1]["definition"]?.names == ["max-length-bytes"])
    }
}
