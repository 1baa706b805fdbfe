import AMQP
import Contrato
import FluxoDeCaixa
import Logging
import Mensageria
import Metrics
import NIOConcurrencyHelpers
import Observability

/// Applies entries and settles their messages after the commit.
///
/// An account that cannot be changed now delays no other: its messages are set aside, the rest of the batch is applied, and the account is
/// tried again until it is free. Its messages stay unacknowledged meanwhile.
final class EntryApplier: Sendable {
    /// The attempts of a batch before its failure counts as an outage. A single deadlock or lost connection does not count.
    private static let attemptsMax = 3
    private static let attemptPause: Duration = .milliseconds(100)
    /// The attempts of a batch that meets a lock which no query shows.
    private static let lockAttemptsMax = 2
    /// Messages of accounts set aside that one statement applies, unless one account alone has more.
    private static let retryMessagesMax = 500

    private let source: any DeliverySource
    private let service: ConsolidacaoService
    private let deadLetters: DeadLetters
    private let outage: DatabaseOutage
    private let roomMessages: Int
    private let agora: @Sendable () -> Instante
    private let logger: Logger

    private let setAside = NIOLockedValueBox(AccountsSetAside())
    private let arrivals: AsyncStream<Void>
    private let arrived: AsyncStream<Void>.Continuation

    private let applied = Counter(label: "consumer_applied_total")
    private let appliedCentavos = Dictionary(
        uniqueKeysWithValues: Tipo.allCases.map {
            ($0, Counter(label: "consumer_applied_centavos_total", dimensions: [("tipo", $0.rawValue)]))
        })
    private let duplicates = Counter(label: "consumer_duplicates_total")
    private let setAsideMessages = Meter(label: "consumer_set_aside_messages")
    private let applyDuration = Timer(label: "apply_duration_seconds")
    private let entryAge = Timer(label: "entry_age_seconds")

    /// - Parameters:
    ///   - source: settles the messages.
    ///   - deadLetters: receives the messages that can never be applied.
    ///   - outage: stops consumption while the database cannot be used.
    ///   - roomMessages: the messages of accounts set aside that the prefetch has to spare.
    ///   - agora: the clock for the age of entries.
    init(
        source: any DeliverySource, service: ConsolidacaoService, deadLetters: DeadLetters, outage: DatabaseOutage, roomMessages: Int,
        agora: @escaping @Sendable () -> Instante, logger: Logger
    ) {
        self.source = source
        self.service = service
        self.deadLetters = deadLetters
        self.outage = outage
        self.roomMessages = roomMessages
        self.agora = agora
        self.logger = logger
        // One token is enough: it stands for any number of accounts.
        (self.arrivals, self.arrived) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
        self.setAsideMessages.set(0)
    }

    /// Applies messages, or sets them aside. Returns when nothing of them is in progress.
    func apply(_ received: [ReceivedEntry], receivedAt: ContinuousClock.Instant) async {
        let free = self.setAside.withLockedValue { $0.isEmpty ? received : $0.divert(received) }
        if free.count < received.count { await self.makeRoom() }
        await self.write(free, lockAttemptsMax: Self.lockAttemptsMax, receivedAt: receivedAt)
    }

    private func makeRoom() async {
        guard self.setAside.withLockedValue({ $0.takeRoom(every: self.roomMessages) }) else { return }
        await self.source.makeRoom()
    }

    /// Tries the accounts that are set aside until it is cancelled.
    func retrySetAside() async {
        for await _ in self.arrivals {
            while let due = self.setAside.withLockedValue({ $0.nextRetry }) {
                // An account that is set aside meanwhile may be due earlier.
                let next = min(due, .now + AccountsSetAside.pauseMin)
                guard (try? await Task.sleep(until: next, clock: .continuous)) != nil else { return }
                await self.retryDue()
                self.report()
            }
        }
    }

    private func retryDue() async {
        let now = ContinuousClock.now
        let due = self.setAside.withLockedValue { $0.takeDue(messagesMax: Self.retryMessagesMax, now: now) }
        guard !due.isEmpty else { return }
        // Asks first: a statement would wait for the rows that are still held.
        let free = await self.setAsideLocked(due, receivedAt: now) ?? []
        await self.write(free, lockAttemptsMax: 1, receivedAt: now)
        self.setAside.withLockedValue { $0.tried(now: .now) }
    }

    // MARK: - One batch

    private func write(_ received: [ReceivedEntry], lockAttemptsMax: Int, receivedAt: ContinuousClock.Instant) async {
        var rest = received
        var attempt = 1
        while !rest.isEmpty {
            let start = ContinuousClock.now
            do throws(ApplyFailure) {
                let outcomes = try await self.service.apply(rest.map(\.entry))
                self.applyDuration.record(duration: .now - start)
                await self.outage.ended()
                await self.finish(rest, outcomes)
                return
            } catch {
                switch error {
                case .invalidData: return await self.applyOneByOne(rest, receivedAt: receivedAt)
                case .refused: return await self.splitByAccount(rest, receivedAt: receivedAt)
                case .rowLocked:
                    guard let free = await self.setAsideLocked(rest, receivedAt: receivedAt) else { return }
                    // Nothing is held by now, or another session has not committed a row that it inserted, which no query can show.
                    guard free.count < rest.count || attempt < lockAttemptsMax else {
                        return await self.splitByAccount(rest, receivedAt: receivedAt)
                    }
                    if free.count == rest.count { attempt += 1 }
                    rest = free
                // Applying is idempotent, so it does not matter whether the batch was committed.
                case .unavailable:
                    guard attempt < Self.attemptsMax else { return await self.sitOut(rest, receivedAt: receivedAt) }
                    attempt += 1
                    guard (try? await Task.sleep(for: Self.attemptPause)) != nil else { return }
                }
            }
        }
    }

    /// Sets the accounts aside that another session holds.
    /// - Returns: the messages of the others; nil if the database cannot be used.
    private func setAsideLocked(_ received: [ReceivedEntry], receivedAt: ContinuousClock.Instant) async -> [ReceivedEntry]? {
        do throws(ApplyFailure) {
            let locked = try await self.service.lockedAccounts(of: received.map(\.entry))
            self.setAside(received.filter { locked.contains($0.entry.conta) })
            return received.filter { !locked.contains($0.entry.conta) }
        } catch {
            // A whole table is locked, or the database is away.
            await self.sitOut(received, receivedAt: receivedAt)
            return nil
        }
    }

    private func applyOneByOne(_ received: [ReceivedEntry], receivedAt: ContinuousClock.Instant) async {
        if received.count == 1 {
            let recusa = MessageRefusal(motivo: .invalido, erro: "O banco de dados não aceita o conteúdo do evento.")
            return await self.deadLetters.accept(received[0].delivery, recusa)
        }
        for one in received { await self.write([one], lockAttemptsMax: Self.lockAttemptsMax, receivedAt: receivedAt) }
    }

    /// Applies the messages of half of the accounts, then those of the others. A single account is set aside.
    private func splitByAccount(_ received: [ReceivedEntry], receivedAt: ContinuousClock.Instant) async {
        let contas = Set(received.map(\.entry.conta))
        guard contas.count > 1 else { return self.setAside(received) }
        let half = Set(contas.prefix(contas.count / 2))
        await self.write(received.filter { half.contains($0.entry.conta) }, lockAttemptsMax: 1, receivedAt: receivedAt)
        await self.write(received.filter { !half.contains($0.entry.conta) }, lockAttemptsMax: 1, receivedAt: receivedAt)
    }

    private func setAside(_ received: [ReceivedEntry]) {
        guard !received.isEmpty else { return }
        self.setAside.withLockedValue { $0.setAside(received, now: .now) }
        self.report()
        self.arrived.yield()
    }

    /// Consumption stops and the channel closes. The broker delivers these messages again afterwards.
    private func sitOut(_ received: [ReceivedEntry], receivedAt: ContinuousClock.Instant) async {
        await self.outage.waitUntilOver(receivedAt: receivedAt)
        guard let generation = received.map(\.delivery.tag.generation).max() else { return }
        self.setAside.withLockedValue { $0.forget(before: generation + 1) }
        self.report()
    }

    private func report() {
        let (change, messages) = self.setAside.withLockedValue { ($0.change(now: .now), $0.messageCount) }
        self.setAsideMessages.set(messages)
        switch change {
        case .began(let accounts, let messages):
            self.logger.warning(
                "accounts set aside: another session holds their rows, or the database refuses them",
                metadata: ["accounts": "\(accounts)", "messages": "\(messages)"])
        case .ended(let duration):
            self.logger.info("accounts set aside are applied", metadata: ["after_s": "\(duration.components.seconds)"])
        case nil: break
        }
    }

    private func finish(_ received: [ReceivedEntry], _ outcomes: [ApplyBatch.Outcome]) async {
        let now = self.agora().milissegundos
        var settled: [DeliveryTag] = []
        var conflicts: [ReceivedEntry] = []
        for (message, outcome) in zip(received, outcomes) {
            switch outcome {
            case .applied:
                self.applied.increment()
                self.appliedCentavos[message.entry.tipo]?.increment(by: message.entry.valor.centavos)
                self.entryAge.recordMilliseconds(max(0, now - message.entry.id.instante.milissegundos))
                self.logger.debug(
                    "entry applied", metadata: EntryMetadata.make(message.entry.id, traceparent: message.delivery.traceparent))
                settled.append(message.delivery.tag)
            case .duplicate:
                self.duplicates.increment()
                settled.append(message.delivery.tag)
            case .conflict: conflicts.append(message)
            }
        }
        await self.source.settle(settled)
        for message in conflicts {
            await self.deadLetters.accept(
                message.delivery,
                MessageRefusal(motivo: .conflito, erro: "Um lançamento com o mesmo id e outro conteúdo já foi aplicado.")
            )
        }
    }
}
