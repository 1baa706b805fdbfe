import NIOConcurrencyHelpers

/// Limits how many answers of a costly kind are in progress at the same time.
final class ConcurrencySlots: Sendable {
    /// A slot, released when the last reference to it goes.
    final class Slot: Sendable {
        private let inUse: NIOLockedValueBox<Int>

        fileprivate init(_ inUse: NIOLockedValueBox<Int>) {
            self.inUse = inUse
        }

        deinit {
            self.inUse.withLockedValue { $0 -= 1 }
        }
    }

    let max: Int
    private let inUse = NIOLockedValueBox(0)

    init(max: Int) {
        self.max = max
    }

    /// Returns a slot; nil if none is free.
    func take() -> Slot? {
        let isFree = self.inUse.withLockedValue { inUse in
            guard inUse < self.max else { return false }
            inUse += 1
            return true
        }
        return isFree ? Slot(self.inUse) : nil
    }
}
