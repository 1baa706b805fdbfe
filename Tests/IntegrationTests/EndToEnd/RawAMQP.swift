import Foundation
import TestSupport

@testable import AMQP

/// Another system's connection to the broker, AMQP 0-9-1 by hand: for what our own library neither offers nor would do (direct reply-to,
/// properties of others, other people's topology), and independent of it. One channel in confirm mode, consuming without acknowledgements.
///
/// Its calls block a thread of its own.
final class RawAMQP: Sendable {
    /// The broker has closed the channel. A new one is open.
    struct Refused: Error, Equatable {
        let code: UInt16
        let text: String
    }

    /// A message that came.
    struct Message: Sendable {
        let exchange: String
        let routingKey: String
        let properties: AMQPProperties
        let body: [UInt8]

        var status: Int64? { self.properties.headers?["status"]?.integerValue }
        var text: String { String(decoding: self.body, as: UTF8.self) }
    }

    private let queue = DispatchQueue(label: "raw amqp")
    /// Touched on `queue` alone.
    private nonisolated(unsafe) let wire: RawWire

    private init(_ url: URLComponents) throws {
        self.wire = try RawWire(url)
    }

    /// Runs the closure with a connection and closes it afterwards.
    static func with<Value>(_ url: String, _ body: (RawAMQP) async throws -> Value) async throws -> Value {
        guard let url = URLComponents(string: url) else { throw TestFailure("no URL") }
        let client = try RawAMQP(url)
        defer { client.queue.sync { client.wire.close() } }
        return try await body(client)
    }

    private func call<Value: Sendable>(_ body: @escaping @Sendable (RawWire) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.queue.async { continuation.resume(with: Result { try body(self.wire) }) }
        }
    }

    /// - Returns: the queue's name.
    func declareQueue(
        _ name: String = "", exclusive: Bool = true, durable: Bool = false, arguments: AMQPTable = [:]
    ) async throws -> String {
        try await self.call { wire in
            var answer = try wire.request(50, 10, expecting: 11) { writer throws in
                writer.short(0)
                writer.text(name)
                writer.byte((durable ? 2 : 0) | (exclusive ? 4 : 0))
                try writer.table(arguments)
            }
            return answer.text()
        }
    }

    func bind(_ queue: String, to exchange: String, _ routingKey: String) async throws {
        try await self.call { wire in
            _ = try wire.request(50, 20, expecting: 21) { writer throws in
                writer.short(0)
                for text in [queue, exchange, routingKey] { writer.text(text) }
                writer.byte(0)
                try writer.table([:])
            }
        }
    }

    func declareExchange(_ name: String) async throws {
        try await self.call { wire in
            _ = try wire.request(40, 10, expecting: 11) { writer throws in
                writer.short(0)
                writer.text(name)
                writer.text("topic")
                writer.byte(0)
                try writer.table([:])
            }
        }
    }

    func bindExchange(_ destination: String, to source: String, _ routingKey: String) async throws {
        try await self.call { wire in
            _ = try wire.request(40, 30, expecting: 31) { writer throws in
                writer.short(0)
                for text in [destination, source, routingKey] { writer.text(text) }
                writer.byte(0)
                try writer.table([:])
            }
        }
    }

    func consume(_ queue: String) async throws {
        try await self.call { wire in
            _ = try wire.request(60, 20, expecting: 21) { writer throws in
                writer.short(0)
                writer.text(queue)
                writer.text("")
                writer.byte(2)
                try writer.table([:])
            }
        }
    }

    /// - Returns: whether the broker has confirmed it; false: some queue has rejected it.
    /// - Throws: ``Refused``.
    @discardableResult
    func publish(
        _ exchange: String, _ routingKey: String, _ body: String, _ change: @Sendable (inout AMQPProperties) -> Void = { _ in }
    ) async throws -> Bool {
        var properties = AMQPProperties()
        change(&properties)
        let message = AMQPMessage(exchange: exchange, routingKey: routingKey, properties: properties, body: Array(body.utf8))
        return try await self.call { try $0.publish(message) }
    }

    /// The next message; nil if none came in time.
    func receive(within seconds: Double = 10) async throws -> Message? {
        try await self.call { try $0.receive(within: seconds) }
    }
}
