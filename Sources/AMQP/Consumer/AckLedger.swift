import DequeModule

/// Which deliveries are settled, and which acknowledgements are due.
///
/// Delivery tags count from 1 on each channel. Everything up to the lowest open tag is acknowledged by one `multiple`; settled tags above it
/// are acknowledged one by one, so that a slow message delays no other. Tags of an earlier channel are dropped: the broker delivers those
/// messages again.
///
/// Memory follows the number of unacknowledged deliveries, which the prefetch limits, however long the lowest of them stays open.
struct AckLedger {
    /// One basic.ack.
    struct Ack: Equatable {
        var number: UInt64
        var multiple: Bool
    }

    private enum State {
        case open
        case settled
        /// Acknowledged one by one, above a gap.
        case acked
    }

    private struct Entry {
        var number: UInt64
        var state: State
    }

    /// Below this many acknowledged entries removing them is not worth the pass.
    private static let compactionMin = 64

    /// The channel that the tags belong to.
    private(set) var generation: UInt64 = 0
    /// The tag that the next delivery must have.
    private(set) var nextNumber: UInt64 = 1
    /// In the order of their tags.
    private var entries = Deque<Entry>()
    private var ackedCount = 0
    /// Settled and not yet acknowledged.
    private var fresh: [UInt64] = []
    private var handedOut: UInt64 = 0

    /// How many deliveries the ledger remembers.
    var count: Int { self.entries.count }

    /// Whether something is settled and not yet acknowledged.
    var hasFresh: Bool { !self.fresh.isEmpty }

    /// Whether everything that was handed out is settled.
    var isHandedOutSettled: Bool {
        guard let lowest = self.entries.first(where: { $0.state == .open }) else { return true }
        return lowest.number > self.handedOut
    }

    /// A new channel: forgets the old one.
    mutating func open(generation: UInt64) {
        self = AckLedger()
        self.generation = generation
    }

    /// A delivery arrived.
    /// - Returns: false if its tag is not the next: a violation of the protocol.
    mutating func delivered(_ number: UInt64) -> Bool {
        guard number == self.nextNumber else { return false }
        self.nextNumber += 1
        self.entries.append(Entry(number: number, state: .open))
        return true
    }

    /// Deliveries up to this tag are in the user's hands.
    mutating func handOut(upTo number: UInt64) { self.handedOut = max(self.handedOut, number) }

    /// The user is done with a delivery. Settling twice, or what was never handed out, does nothing.
    mutating func settle(_ tag: DeliveryTag) {
        guard tag.generation == self.generation, tag.number <= self.handedOut, let index = self.index(of: tag.number) else { return }
        guard self.entries[index].state == .open else { return }
        self.entries[index].state = .settled
        self.fresh.append(tag.number)
    }

    /// The acknowledgements to send now; each settled tag is in exactly one.
    mutating func flush() -> [Ack] {
        guard !self.fresh.isEmpty else { return [] }
        var acks: [Ack] = []
        var together: UInt64?
        var togetherCount = 0
        while let entry = self.entries.first, entry.state != .open {
            // The tag of a `multiple` must itself be unacknowledged, else the broker closes the channel (406, unknown delivery tag).
            if entry.state == .settled {
                together = entry.number
                togetherCount += 1
            } else {
                self.ackedCount -= 1
            }
            self.entries.removeFirst()
        }
        if let together { acks.append(Ack(number: together, multiple: togetherCount > 1)) }
        for number in self.fresh {
            guard let index = self.index(of: number) else { continue }
            self.entries[index].state = .acked
            self.ackedCount += 1
            acks.append(Ack(number: number, multiple: false))
        }
        self.fresh.removeAll(keepingCapacity: true)
        if self.ackedCount >= Self.compactionMin, self.ackedCount * 2 >= self.entries.count {
            self.entries.removeAll { $0.state == .acked }
            self.ackedCount = 0
        }
        return acks
    }

    private func index(of number: UInt64) -> Int? {
        var low = 0
        var high = self.entries.count
        while low < high {
            let middle = (low + high) / 2
            if self.entries[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < self.entries.count && self.entries[low].number == number ? low : nil
    }
}
