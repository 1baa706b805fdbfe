import DequeModule

/// The messages that were sent and not yet confirmed on one channel, by their publish sequence number.
///
/// Numbers count from 1 on each channel in confirm mode; the broker settles one or all up to one. A message that it cannot route is first
/// returned, without a number, and then acknowledged: the return is kept with the message until then
/// (https://www.rabbitmq.com/docs/confirms#when-publishes-are-confirmed).
struct ConfirmWindow<Token> {
    typealias Instant = ContinuousClock.Instant

    /// A message whose outcome is known.
    struct Settled {
        var token: Token
        var outcome: PublishOutcome
    }

    private struct Slot {
        var token: Token
        var messageID: String?
        var sent: Instant
        var outcome: PublishOutcome?
        var settled = false
    }

    private var slots = Deque<Slot>()
    private var firstNumber: UInt64 = 1
    /// Ages count from here at the earliest: the time of a block does not count.
    private var agesFrom: Instant?

    /// How many messages are between the oldest unconfirmed one and the newest: what the window bounds.
    var count: Int { self.slots.count }
    var isEmpty: Bool { self.slots.isEmpty }

    /// A message was written.
    /// - Parameter messageID: by which a return is found; nil for messages that are not mandatory.
    mutating func sent(_ token: Token, messageID: String?, now: Instant) {
        self.slots.append(Slot(token: token, messageID: messageID, sent: now))
    }

    /// The broker returned a message. Returns arrive in the order of publishing, so of two with one id the older is meant.
    /// - Returns: false if no such message is out.
    mutating func returned(messageID: String?, code: UInt16, text: String) -> Bool {
        guard let messageID else { return false }
        let index = self.slots.firstIndex { !$0.settled && $0.outcome == nil && $0.messageID == messageID }
        guard let index else { return false }
        self.slots[index].outcome = .returned(code: code, text: text)
        return true
    }

    /// The broker settled a message, or all up to it; 0 with `multiple` means all.
    /// - Returns: the outcomes in the order of publishing; nil if the number was never used: a violation of the protocol.
    mutating func settle(_ number: UInt64, multiple: Bool, confirmed: Bool) -> [Settled]? {
        let next = self.firstNumber + UInt64(self.slots.count)
        let last = number == 0 && multiple ? next - 1 : number
        guard last < next, number != 0 || multiple else { return nil }
        // What is below the first number was settled before.
        guard last >= self.firstNumber else { return [] }
        let end = Int(last - self.firstNumber)
        var settled: [Settled] = []
        for index in (multiple ? 0 : end)...end where !self.slots[index].settled {
            self.slots[index].settled = true
            let slot = self.slots[index]
            settled.append(Settled(token: slot.token, outcome: confirmed ? slot.outcome ?? .confirmed : .rejected))
        }
        while self.slots.first?.settled == true {
            self.slots.removeFirst()
            self.firstNumber += 1
        }
        return settled
    }

    /// When the oldest message will be late.
    func deadline(timeout: Duration) -> Instant? {
        guard let oldest = self.slots.first?.sent else { return nil }
        return max(oldest, self.agesFrom ?? oldest) + timeout
    }

    /// A block ended: time counts from now on.
    mutating func restartAges(now: Instant) { self.agesFrom = now }

    /// The channel closed. The broker may have what was out; it has nothing that it returned.
    mutating func closeAll() -> [Settled] {
        defer { self = ConfirmWindow() }
        return self.slots.filter { !$0.settled }.map { Settled(token: $0.token, outcome: $0.outcome ?? .unknown) }
    }
}
