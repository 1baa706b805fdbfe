/// The messages that were sent and not yet confirmed on one channel, by their publish sequence number.
///
/// Numbers count from 1 on each channel in confirm mode; the broker settles one or all up to one. A message that it cannot route it first
/// returns, without a number, and then acknowledges: the return is kept with the message until then
/// (https://www.rabbitmq.com/docs/confirms#when-publishes-are-confirmed).
struct ConfirmWindow<Token> {
    typealias Instant = ContinuousClock.Instant

    /// A message whose outcome is known.
    struct Settled {
        var token: Token
        var outcome: PublishOutcome
        var sent: Instant
    }

    private struct Slot {
        var token: Token
        var messageID: String?
        var sent: Instant
        var outcome: PublishOutcome?
        var settled = false
    }

    private var slots = Fifo<Slot>()
    private var firstNumber: UInt64 = 1
    /// Ages count from here at the earliest: the time for which the broker blocked is not the messages' fault.
    private var agesFrom: Instant?

    /// How many messages are between the oldest unconfirmed one and the newest: what the window bounds.
    var count: Int { self.slots.count }
    var isEmpty: Bool { self.slots.isEmpty }

    /// A message was written.
    /// - Parameter messageID: by which a return is found; nil for messages that are not mandatory.
    mutating func sent(_ token: Token, messageID: String?, now: Instant) {
        self.slots.append(Slot(token: token, messageID: messageID, sent: now))
    }

    /// The broker returned a message. Returns come in the order of publishing, so of two with one id the older is meant.
    /// - Returns: false if no such message is out.
    mutating func returned(messageID: String?, code: UInt16, text: String) -> Bool {
        guard let messageID else { return false }
        let index = self.slots.firstIndex { !$0.settled && $0.outcome == nil && $0.messageID == messageID }
        guard let index else { return false }
        self.slots[index].outcome = .returned(code: code, text: text)
        return true
    }

    /// The broker settled a message, or all up to it; 0 with `multiple` means all.
    /// - Returns: what is now known, in the order of publishing, or nil if the number was never given out: a violation of the protocol.
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
            settled.append(Settled(token: slot.token, outcome: confirmed ? slot.outcome ?? .confirmed : .rejected, sent: slot.sent))
        }
        while self.slots.first?.settled == true {
            _ = self.slots.popFirst()
            self.firstNumber += 1
        }
        return settled
    }

    /// When the oldest message will have waited too long.
    func deadline(timeout: Duration) -> Instant? {
        guard let oldest = self.slots.first?.sent else { return nil }
        return max(oldest, self.agesFrom ?? oldest) + timeout
    }

    /// The broker takes messages again: from now on the time counts.
    mutating func restartAges(now: Instant) { self.agesFrom = now }

    /// The channel is gone. What was out may be there or not; what was returned is known to be nowhere.
    mutating func closeAll() -> [Settled] {
        var rest: [Settled] = []
        while let slot = self.slots.popFirst() {
            guard !slot.settled else { continue }
            rest.append(Settled(token: slot.token, outcome: slot.outcome ?? .unknown, sent: slot.sent))
        }
        self.firstNumber = 1
        self.agesFrom = nil
        return rest
    }
}
