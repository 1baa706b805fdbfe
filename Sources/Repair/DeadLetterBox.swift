package import AMQP
package import Contrato
package import FluxoDeCaixa
package import Mensageria

/// The queue of a service's dead letters, as tools work on it.
package struct DeadLetterBox: Sendable {
    /// Longer than any letter that the services write: their consumers keep 256 KiB of a message.
    private static let bodyBytesMax = 1_048_576
    private static let sendMax: Duration = .seconds(30)
    /// A message that was delivered before is near the front of its queue. Reading puts many others back behind it.
    private static let retireMessagesMax = 10_000

    private let configuration: AMQPConfiguration
    private let queue: String
    private let origin: RequeuedOrigin

    /// - Parameters:
    ///   - configuration: the broker.
    ///   - queue: the queue of dead letters.
    ///   - origin: how a letter returns to where it was refused.
    package init(configuration: AMQPConfiguration, queue: String, origin: RequeuedOrigin) {
        self.configuration = configuration
        self.queue = queue
        self.origin = origin
    }

    /// Reads the letters that are there now, in order, and puts each back.
    /// - Parameter withBodies: false reads properties and lengths only.
    package func read(_ selection: LetterSelection, withBodies: Bool, _ body: (Delivery) -> Void) async throws {
        try await self.pass(selection, bodyBytesMax: withBodies ? Self.bodyBytesMax : 0) { letter, _ in body(letter) }
    }

    /// Removes the selected letters.
    package func discard(_ selection: LetterSelection, _ removed: (Delivery) -> Void) async throws {
        try await self.pass(selection, bodyBytesMax: 0) { letter, reader in
            try await reader.remove(letter.tag)
            removed(letter)
        }
    }

    /// Sends the selected letters back to the queue that they were refused from, and removes each after the broker has confirmed its copy.
    /// - Parameter done: called with the outcome of each letter.
    package func requeue(
        _ selection: LetterSelection, by publisher: ConfirmedPublisher, _ done: (Delivery, RequeueOutcome) -> Void
    ) async throws {
        try await self.pass(selection, bodyBytesMax: Self.bodyBytesMax) { letter, reader in
            guard let message = self.origin.message(requeuing: letter), !Self.isFinal(letter) else {
                done(letter, .refused)
                return
            }
            let outcome = await publisher.publish([message], deadline: .now + Self.sendMax)[0]
            guard outcome == .confirmed else {
                done(letter, .notConfirmed)
                throw ToolFailure("the broker did not confirm a copy (\(outcome)); its letter stays")
            }
            try await reader.remove(letter.tag)
            done(letter, .requeued)
        }
    }

    /// Moves messages out of the queue itself to the dead letters. Each is removed after the broker has confirmed its copy there.
    ///
    /// A message that an instance holds is not in the queue: it is not found. Messages with other ids are put back.
    /// - Parameters:
    ///   - messageIDs: which messages.
    ///   - retired: called with each message.
    package func retire(
        _ messageIDs: Set<String>, agora: Instante, by publisher: ConfirmedPublisher, _ retired: (Delivery) -> Void
    ) async throws {
        try await QueueReader.with(
            configuration: self.configuration, queue: self.origin.queue, bodyBytesMax: Self.bodyBytesMax
        ) { reader in
            var missing = messageIDs
            var read = 0
            while !missing.isEmpty, read < Self.retireMessagesMax, let message = try await reader.next() {
                read += 1
                guard let id = message.properties.messageID, missing.contains(id) else { continue }
                let refusal = MessageRefusal(motivo: .retirado, erro: "Retirada da fila por quem opera o sistema.")
                let letter = DeadLetter(delivery: self.origin.restored(message), recusa: refusal, recebidoEm: agora)
                let copy = letter.message(from: self.origin.queue, to: self.queue, missingID: "")
                let outcome = await publisher.publish([copy], deadline: .now + Self.sendMax)[0]
                guard outcome == .confirmed else {
                    throw ToolFailure("the broker did not confirm a copy (\(outcome)); its message stays")
                }
                try await reader.remove(message.tag)
                missing.remove(id)
                retired(message)
            }
        }
    }

    /// Whether a letter would be refused again for what cannot be repaired: its origin, or a missing key.
    private static func isFinal(_ letter: Delivery) -> Bool {
        [.origemNaoPermitida, .semMessageID].contains(letter.motivo)
    }

    /// Reads each letter once: those that arrive meanwhile are left for the next time, so a letter that is refused again at once does not
    /// make a loop.
    private func pass(
        _ selection: LetterSelection, bodyBytesMax: Int, _ body: (Delivery, QueueReader) async throws -> Void
    ) async throws {
        try await QueueReader.with(configuration: self.configuration, queue: self.queue, bodyBytesMax: bodyBytesMax) { reader in
            var rest: UInt64 = 1
            var isFirst = true
            while rest > 0, let letter = try await reader.next() {
                if isFirst { rest += UInt64(await reader.messagesLeft) }
                isFirst = false
                rest -= 1
                if selection.contains(letter) { try await body(letter, reader) }
            }
        }
    }
}

/// The outcome of requeuing a letter.
package enum RequeueOutcome: Sendable, Equatable {
    case requeued
    /// It is no letter of this service, or its reason would be the same again.
    case refused
    case notConfirmed
}

/// Which letters a tool works on: all that match each given condition.
package struct LetterSelection: Sendable {
    private let messageIDs: Set<String>
    private let motivo: Motivo?

    /// - Parameters:
    ///   - messageIDs: one of these; empty: any.
    ///   - motivo: this reason; nil: any.
    package init(messageIDs: [String] = [], motivo: Motivo? = nil) {
        self.messageIDs = Set(messageIDs)
        self.motivo = motivo
    }

    package func contains(_ letter: Delivery) -> Bool {
        guard self.messageIDs.isEmpty || letter.properties.messageID.map(self.messageIDs.contains) == true else { return false }
        return self.motivo == nil || letter.motivo == self.motivo
    }
}

extension Delivery {
    /// The reason of a dead letter; nil if it has none that this program knows.
    package var motivo: Motivo? { self.header(AMQPNames.Header.motivo).flatMap(Motivo.init(rawValue:)) }

    /// The text of a header.
    package func header(_ name: String) -> String? { self.properties.headers?[name]?.stringValue }
}
