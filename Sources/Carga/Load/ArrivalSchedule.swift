/// When the requests of an open model are due: at a constant rate, whatever becomes of those before.
///
/// The n-th is due n/rate after the beginning, computed afresh for each, so that no rounding adds up.
struct ArrivalSchedule: Sendable {
    /// How many requests there are in all.
    let count: Int
    private let ratePerSecond: Double

    /// - Parameters:
    ///   - ratePerSecond: more than 0.
    ///   - duration: how long requests become due.
    init(ratePerSecond: Double, duration: Duration) {
        precondition(ratePerSecond > 0)
        self.ratePerSecond = ratePerSecond
        self.count = Int((ratePerSecond * (duration / .seconds(1))).rounded())
    }

    /// When a request is due, in nanoseconds after the beginning.
    func dueNanoseconds(_ number: Int) -> Int64 {
        Int64(Double(number) * 1e9 / self.ratePerSecond)
    }

    /// How many requests are due so many nanoseconds after the beginning.
    func dueCount(afterNanoseconds elapsed: Int64) -> Int {
        guard elapsed >= 0 else { return 0 }
        var due = min(self.count, Int(Double(elapsed) * self.ratePerSecond / 1e9) + 1)
        // Rounding may be off by one in either direction; the definition is `dueNanoseconds`.
        while due > 0, self.dueNanoseconds(due - 1) > elapsed { due -= 1 }
        while due < self.count, self.dueNanoseconds(due) <= elapsed { due += 1 }
        return due
    }
}
