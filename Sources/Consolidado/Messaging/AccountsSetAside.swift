import AMQP
import Contrato
import FluxoDeCaixa

/// A message with the entry that it holds.
struct ReceivedEntry: Sendable {
    let delivery: Delivery
    let entry: LancamentoAplicavel
}

/// The accounts that cannot be changed now, with the messages that wait for each, and when each account is tried again. It does no I/O.
///
/// A message that waits is not acknowledged. ``takeRoom(every:)`` bounds how many there are.
struct AccountsSetAside: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A change that the log reports.
    enum Change: Sendable, Equatable {
        /// Accounts have been waiting for longer than a batch of another instance takes.
        case began(accounts: Int, messages: Int)
        /// No account waits any more.
        case ended(after: Duration)
    }

    private struct Account {
        var messages: [ReceivedEntry]
        var pause: Duration
        var retryAt: Instant
        /// Its messages are being tried; later ones gather.
        var isTried = false
        var triedCount = 0
    }

    /// Another instance's batch holds its rows for less than the first pause, usually.
    static let pauseMin: Duration = .milliseconds(100)
    /// Bounds the time from the end of a lock to the next attempt.
    static let pauseMax: Duration = .seconds(1)
    /// Shorter waits are not reported.
    static let reportAfter: Duration = .seconds(1)
    /// With so many waiting messages, at 1 to 3 KB each, no more room is made for others: consumption ends when the prefetch is full.
    static let messagesMax = 10_000

    private var accounts: [Conta: Account] = [:]
    /// The newest channel that a message came from. The broker delivers those of earlier channels again.
    private var generation: UInt64 = 0
    /// The number of waiting messages that no longer count against the prefetch.
    private var roomMade = 0
    private var since: Instant?
    private var isReported = false

    var isEmpty: Bool { self.accounts.isEmpty }

    /// The number of waiting messages, including those that are being tried.
    var messageCount: Int { self.accounts.values.reduce(0) { $0 + $1.messages.count + $1.triedCount } }

    /// When the next account is due; nil if none waits.
    var nextRetry: Instant? { self.accounts.values.lazy.filter { !$0.isTried }.map(\.retryAt).min() }

    /// Keeps the messages of accounts that wait.
    /// - Returns: the others.
    mutating func divert(_ received: [ReceivedEntry]) -> [ReceivedEntry] {
        self.note(received)
        var others: [ReceivedEntry] = []
        for message in received {
            if self.accounts[message.entry.conta] == nil {
                others.append(message)
            } else {
                self.accounts[message.entry.conta]?.messages.append(message)
            }
        }
        return others
    }

    /// Sets messages aside with their accounts. The pause of an account that was just tried doubles.
    mutating func setAside(_ received: [ReceivedEntry], now: Instant) {
        guard !received.isEmpty else { return }
        self.note(received)
        if self.accounts.isEmpty { self.since = now }
        for (conta, messages) in Dictionary(grouping: received, by: \.entry.conta) {
            var account = self.accounts[conta] ?? Account(messages: [], pause: Self.pauseMin, retryAt: now)
            if account.isTried { account.pause = min(account.pause * 2, Self.pauseMax) }
            (account.isTried, account.triedCount) = (false, 0)
            account.messages.append(contentsOf: messages)
            account.retryAt = now + account.pause
            self.accounts[conta] = account
        }
    }

    /// Takes the messages of the accounts that are due. Follow with ``tried(now:)``.
    /// - Parameter messagesMax: as many accounts as together have this many messages, but at least one account.
    mutating func takeDue(messagesMax: Int, now: Instant) -> [ReceivedEntry] {
        var due: [ReceivedEntry] = []
        for conta in self.accounts.keys {
            guard let account = self.accounts[conta], !account.isTried, account.retryAt <= now else { continue }
            guard due.isEmpty || due.count + account.messages.count <= messagesMax else { continue }
            due += account.messages
            self.accounts[conta]?.messages = []
            self.accounts[conta]?.isTried = true
            self.accounts[conta]?.triedCount = account.messages.count
        }
        return due
    }

    /// The accounts that were tried and not set aside again are free; what has gathered for them meanwhile is due at once.
    mutating func tried(now: Instant) {
        for (conta, account) in self.accounts where account.isTried {
            self.accounts[conta] = account.messages.isEmpty ? nil : Account(messages: account.messages, pause: Self.pauseMin, retryAt: now)
        }
    }

    /// Whether so many messages wait that the prefetch leaves too few for other accounts. Follow with a call that makes room for others.
    /// - Parameter messages: the waiting messages that the prefetch has to spare.
    mutating func takeRoom(every messages: Int) -> Bool {
        let count = self.messageCount
        self.roomMade = min(self.roomMade, count)
        guard count - self.roomMade >= messages, self.roomMade < Self.messagesMax else { return false }
        self.roomMade = count
        return true
    }

    private mutating func note(_ received: [ReceivedEntry]) {
        guard let newest = received.map(\.delivery.tag.generation).max(), newest > self.generation else { return }
        self.forget(before: newest)
    }

    /// Drops the messages of channels before this one.
    mutating func forget(before generation: UInt64) {
        self.generation = max(self.generation, generation)
        self.roomMade = 0
        for (conta, account) in self.accounts {
            let kept = account.messages.filter { $0.delivery.tag.generation >= generation }
            self.accounts[conta]?.messages = kept
            if kept.isEmpty, !account.isTried { self.accounts[conta] = nil }
        }
    }

    /// What has changed since the last call and is worth a line in the log.
    mutating func change(now: Instant) -> Change? {
        guard let since = self.since else { return nil }
        if self.accounts.isEmpty {
            defer { (self.since, self.isReported) = (nil, false) }
            return self.isReported ? .ended(after: now - since) : nil
        }
        guard !self.isReported, now - since >= Self.reportAfter else { return nil }
        self.isReported = true
        return .began(accounts: self.accounts.count, messages: self.messageCount)
    }
}
