/// Searches the highest rate that holds: doubles until one does not, then halves the gap until it is small.
///
/// A rate that does not hold is tried once more before it counts as broken: a machine has other things to do now and then.
struct StepSearch: Sendable {
    /// The gap at which the search ends, as a share of the rate that holds.
    static let precision = 0.1
    /// However the steps turn out.
    static let stepsMax = 24

    /// The highest rate that held; nil if none did yet.
    private(set) var held: Double?
    /// The lowest that did not.
    private(set) var broken: Double?
    private(set) var steps = 0
    /// The rate that has not held once.
    private var doubted: Double?
    private let first: Double
    private let highest: Double

    /// - Parameters:
    ///   - first: the rate of the first step, per second.
    ///   - highest: no step goes beyond it.
    init(first: Double, highest: Double) {
        self.first = min(first, highest)
        self.highest = highest
    }

    /// The next rate to try; nil when the search is over.
    var next: Double? {
        guard self.steps < Self.stepsMax else { return nil }
        if let doubted { return doubted }
        switch (self.held, self.broken) {
        case (nil, nil): return self.first
        case (let held?, nil): return held < self.highest ? min(held * 2, self.highest) : nil
        case (nil, let broken?): return broken > self.first / 16 ? broken / 2 : nil
        case (let held?, let broken?): return broken - held > held * Self.precision ? ((held + broken) / 2).rounded() : nil
        }
    }

    /// Takes what became of the rate that was tried.
    mutating func take(_ rate: Double, holds: Bool) {
        self.steps += 1
        if holds {
            self.doubted = nil
            self.held = max(rate, self.held ?? rate)
        } else if self.doubted == nil {
            self.doubted = rate
        } else {
            self.doubted = nil
            self.broken = min(rate, self.broken ?? rate)
        }
    }
}
