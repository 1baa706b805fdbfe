import AMQP
import Contrato
import FluxoDeCaixa
import Mensageria

/// A message in the queue of the consolidation.
struct QueuedMessage: Sendable {
    let message: AMQPMessage
    /// The registered entry that it carries; nil for a message that can never be applied.
    let entry: LancamentoID?
    var redelivered = false
}

/// The broker: one queue for events, one for dead letters, and what goes wrong.
final class Broker: @unchecked Sendable {
    /// The unacknowledged messages of one channel.
    private final class Channel {
        var unsettled: [UInt64: QueuedMessage] = [:]
    }

    let runtime: Runtime
    let dice: Dice
    let ledger: Ledger
    var rates = FaultRates()
    private(set) var isUp = true
    /// A memory alarm: publishers wait.
    var isBlocked = false
    /// The queue is not bound: mandatory messages are returned.
    var isUnbound = false
    private(set) var ready: [QueuedMessage] = []
    private(set) var letters: [AMQPMessage] = []
    /// Bodies of messages that can never be applied.
    private(set) var foreignBodies: Set<[UInt8]> = []
    private var channels: [String: Channel] = [:]
    private var waiters: [UnsafeContinuation<Void, Never>] = []
    /// Whether a message that is settled may be.
    var isApplied: (LancamentoID) -> Bool = { _ in false }

    init(runtime: Runtime, dice: Dice, ledger: Ledger) {
        self.runtime = runtime
        self.dice = dice
        self.ledger = ledger
    }

    var accepts: Bool { self.isUp && !self.isBlocked }
    var unsettledCount: Int { self.channels.values.reduce(0) { $0 + $1.unsettled.count } }

    func stop() {
        guard self.isUp else { return }
        self.runtime.note("broker stops")
        self.isUp = false
        for channel in self.channels.keys.sorted() { self.close(channel) }
    }

    func start() {
        self.isUp = true
        self.changed()
    }

    // MARK: - Publishing

    /// Sends a message through the network.
    func publish(_ message: AMQPMessage, by life: Life) async -> PublishOutcome {
        if self.dice.chance(self.rates.messageLost) {
            await self.runtime.pause(self.dice.duration(.milliseconds(1), .seconds(30)))
            return .unknown
        }
        await self.latency()
        guard self.isUp else { return .unknown }
        let isDirect = message.exchange.isEmpty
        if !isDirect, self.isUnbound || self.dice.chance(self.rates.returned) { return .returned(code: 312, text: "NO_ROUTE") }
        // An integrator's queue rejects: ours may have the message, and may not.
        let isRejected = self.dice.chance(isDirect ? self.rates.rejected / 4 : self.rates.rejected)
        if !isRejected || self.dice.chance(0.5) { self.store(message) }
        if self.dice.chance(self.rates.confirmLost) {
            await self.runtime.pause(self.dice.duration(.milliseconds(1), .seconds(30)))
            return .unknown
        }
        await self.latency()
        guard self.isUp else { return .unknown }
        guard !isRejected else { return .rejected }
        if let id = message.properties.messageID.flatMap({ LancamentoID(parsing: $0) }) {
            life.confirmed.insert(id)
            self.runtime.note("\(life) has the confirm of \(id)")
        }
        return .confirmed
    }

    private func latency() async {
        let longest: Duration = self.dice.chance(self.rates.slow) ? .seconds(5) : .milliseconds(3)
        await self.runtime.pause(self.dice.duration(.microseconds(50), longest))
    }

    private func store(_ message: AMQPMessage) {
        if message.exchange.isEmpty, message.routingKey == AMQPNames.Queue.consolidadoDLQ {
            self.letters.append(message)
            let isForeign = self.foreignBodies.contains(message.body)
            return self.ledger.expect(isForeign, .lettersAreForeign, "the event \(message.properties.messageID ?? "-") is a dead letter")
        }
        let entry = message.properties.messageID.flatMap { LancamentoID(parsing: $0) }
        let isForeign = self.foreignBodies.contains(message.body)
        self.ready.append(QueuedMessage(message: message, entry: isForeign ? nil : entry))
        if self.dice.chance(self.rates.duplicated) { self.ready.append(QueuedMessage(message: message, entry: isForeign ? nil : entry)) }
        self.changed()
    }

    /// Puts a message into the queue that can never be applied.
    func inject(_ message: AMQPMessage) {
        self.foreignBodies.insert(message.body)
        self.runtime.note("a message that can never be applied")
        self.store(message)
    }

    // MARK: - Consuming

    /// - Parameter channel: its name, which no other has.
    func open(_ channel: String) { self.channels[channel] = Channel() }

    func isOpen(_ channel: String) -> Bool { self.channels[channel] != nil }

    /// The unsettled messages go back to the front of the queue.
    func close(_ name: String) {
        guard let channel = self.channels.removeValue(forKey: name) else { return }
        let back = channel.unsettled.sorted { $0.key < $1.key }.map { message in
            QueuedMessage(message: message.value.message, entry: message.value.entry, redelivered: true)
        }
        self.ready.insert(contentsOf: back, at: 0)
        self.runtime.note("channel \(name) closes with \(back.count) messages unsettled", Int64(back.count))
        self.changed()
    }

    func unsettled(_ channel: String) -> Int { self.channels[channel]?.unsettled.count ?? 0 }

    /// Delivers the next message.
    func deliver(_ name: String, as number: UInt64) -> QueuedMessage? {
        guard self.isUp, let channel = self.channels[name], !self.ready.isEmpty else { return nil }
        let index = self.dice.chance(self.rates.reordered) ? self.dice.number(0...(self.ready.count - 1)) : 0
        let message = self.ready.remove(at: index)
        channel.unsettled[number] = message
        return message
    }

    /// Acknowledges a message, if its channel is still open.
    func settle(_ name: String, _ number: UInt64) {
        guard let channel = self.channels[name], let message = channel.unsettled.removeValue(forKey: number) else { return }
        if let entry = message.entry {
            self.ledger.expect(self.isApplied(entry), .appliedBeforeSettled, "the event of \(entry) is acknowledged and not applied")
        } else {
            let isLetter = self.letters.contains { $0.body == message.message.body }
            self.ledger.expect(isLetter, .appliedBeforeSettled, "a message is acknowledged and no dead letter")
        }
        self.changed()
    }

    /// Returns after the next change of the queue or of a connection.
    func change() async { await withUnsafeContinuation { self.waiters.append($0) } }

    func changed() {
        let waiters = self.waiters
        self.waiters.removeAll()
        for waiter in waiters { waiter.resume() }
    }
}

/// The publisher's connection of one process.
final class BrokerPublisher: MessagePublisher, @unchecked Sendable {
    private static let poll: Duration = .milliseconds(200)

    private let broker: Broker
    private let life: Life
    private let batchMax: Int

    init(broker: Broker, life: Life, batchMax: Int) {
        self.broker = broker
        self.life = life
        self.batchMax = batchMax
    }

    var isReady: Bool { self.life.isAlive && self.broker.accepts }

    func publish(_ messages: [AMQPMessage]) async -> [PublishOutcome] {
        self.broker.ledger.expect(messages.count <= self.batchMax, .bounded, "\(messages.count) messages published at once")
        while !self.isReady {
            guard self.life.isAlive, (try? await Task.sleep(for: Self.poll)) != nil else { return messages.map { _ in .notSent } }
        }
        let (broker, life) = (self.broker, self.life)
        // The confirms arrive in any order.
        let outcomes = await withTaskGroup(of: (Int, PublishOutcome).self) { group in
            for (position, message) in messages.enumerated() {
                group.addTask { (position, await broker.publish(message, by: life)) }
            }
            var known: [Int: PublishOutcome] = [:]
            for await (position, outcome) in group { known[position] = outcome }
            return messages.indices.map { known[$0] ?? .unknown }
        }
        return life.isAlive ? outcomes : messages.map { _ in .unknown }
    }
}
