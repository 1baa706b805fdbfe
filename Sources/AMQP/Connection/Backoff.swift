/// The pauses between attempts: doubling up to a limit, each shortened at random by up to a half, so that many clients do not come at once.
struct Backoff {
    private let shortest: Duration
    private let longest: Duration
    private var current: Duration

    init(shortest: Duration, longest: Duration) {
        self.shortest = shortest
        self.longest = max(shortest, longest)
        self.current = shortest
    }

    /// The pause before the next attempt.
    /// - Parameter random: 0 ..< 1.
    mutating func next(random: Double) -> Duration {
        defer { self.current = min(self.current * 2, self.longest) }
        return self.current * (1 - random / 2)
    }

    /// What was attempted has lasted: start small again. An attempt that fails right after it succeeded does not count, else a broker that
    /// accepts and closes would be asked without pause.
    mutating func lasted(_ time: Duration) {
        if time >= self.longest { self.current = self.shortest }
    }
}
