import AMQP
import Contrato
import Fixtures
import TestSupport
import Testing

/// What tests of commands do as the other system.
struct CommandScene {
    static let dia = "2026-11-20"
    static let direct = "amq.rabbitmq.reply-to"

    let stack: Stack
    let servers: PrivateServers

    /// Runs the closure with the whole system on servers of its own, where every user has the rights of `deploy/local`.
    static func with<Value>(_ body: (CommandScene) async throws -> Value) async throws -> Value {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers, consolidados: 1) { stack in
                try await body(CommandScene(stack: stack, servers: servers))
            }
        }
    }

    var api: API { API(token: self.stack.token) }

    func asUser<Value>(_ user: String, _ body: (RawAMQP) async throws -> Value) async throws -> Value {
        try await RawAMQP.with(self.servers.brokerURL(of: user), body)
    }

    func asAdministrator<Value>(_ body: (RawAMQP) async throws -> Value) async throws -> Value {
        try await RawAMQP.with(self.servers.url(.rabbitmq), body)
    }

    static func body(_ conta: String, _ valor: String = "1.00", data: String? = dia) -> String {
        let data = data.map { #","data":"\#($0)""# } ?? ""
        return #"{"conta":"\#(conta)","tipo":"credito","valor":"\#(valor)"\#(data)}"#
    }

    /// Waits until the account's day has so many credits.
    func waitForCredits(_ count: Int, _ conta: String, data: String = dia, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let path = "/v1/consolidados/\(data)?conta=\(conta)"
        let there = try await eventually {
            try await self.api.get(self.stack.consolidados[0], path)["quantidade_creditos"] == "\(count)"
        }
        let answer = try await self.api.get(self.stack.consolidados[0], path)
        #expect(there, "\(conta): \(answer.text)", sourceLocation: sourceLocation)
    }

    /// The next dead letters of a queue, by their header `motivo`.
    func deadLetters(_ count: Int, in queue: String = AMQPNames.Queue.comandosDLQ) async throws -> [RawAMQP.Message] {
        try await self.asAdministrator { client in
            try await client.consume(queue)
            var letters: [RawAMQP.Message] = []
            while letters.count < count, let letter = try await client.receive(within: 15) { letters.append(letter) }
            // One too many would be a message in the wrong place.
            if let more = try await client.receive(within: 0.5) { letters.append(more) }
            return letters
        }
    }
}

extension RawAMQP.Message {
    var motivo: String? { self.properties.headers?[AMQPNames.Header.motivo]?.stringValue }

    func member(_ name: String) -> String? {
        guard case .string(let text)? = (try? JSONReader.read(self.body))?[name] else { return nil }
        return text
    }
}

extension RawAMQP {
    /// Sends a command.
    func command(
        _ id: String?, _ body: String, key: String = AMQPNames.RoutingKey.registrar, replyTo: String? = nil,
        _ change: @Sendable (inout AMQPProperties) -> Void = { _ in }
    ) async throws {
        try await self.publish(AMQPNames.Exchange.comandos, key, body) { properties in
            properties.messageID = id
            properties.persistent = true
            if let replyTo {
                properties.replyTo = replyTo
                properties.correlationID = "c-\(id ?? "")"
            }
            change(&properties)
        }
    }

    /// Sends a command and waits for its answer, which direct reply-to brings.
    func ask(
        _ id: String?, _ body: String, key: String = AMQPNames.RoutingKey.registrar,
        _ change: @Sendable (inout AMQPProperties) -> Void = { _ in }
    ) async throws -> Message {
        try await self.command(id, body, key: key, replyTo: CommandScene.direct, change)
        let answer = try #require(try await self.receive(), "no answer to \(id ?? "a command without id")")
        #expect(answer.properties.correlationID == "c-\(id ?? "")")
        return answer
    }
}
