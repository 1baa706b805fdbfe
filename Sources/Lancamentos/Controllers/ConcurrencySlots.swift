import NIOConcurrencyHelpers

/// How many answers of a costly kind are under way at the same time.
final class ConcurrencySlots: Sendable {
    /// A place, given back when nothing holds it any more.
    final class Slot: Sendable {
        private let taken: NIOLockedValueBox<Int>

        fileprivate init(_ taken: NIOLockedValueBox<Int>) {
            self.taken = taken
        }

        deinit {
            self.taken.withLockedValue { $0 -= 1 }
        }
    }

    /// How many places there are.
    let max: Int
    private let taken = NIOLockedValueBox(0)

    init(max: Int) {
        self.max = max
    }

    /// A place; nil if all are taken.
    func take() -> Slot? {
        let isFree = self.taken.withLockedValue { taken in
            guard taken < self.max else { return false }
            taken += 1
            return true
        }
        return isFree ? Slot(self.taken) : nil
    }
}
