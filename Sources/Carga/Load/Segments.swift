/// Percentiles of stretches of 10 s: a bad moment of the machine is told in one of them and not in all.
struct Segments: Sendable {
    static let seconds = 10

    /// Of each stretch that is over and had an answer.
    private(set) var p99Ms: [Double] = []
    private var latencies = Latencies()
    private var openSeconds = 0

    mutating func record(nanoseconds: Int64) {
        self.latencies.record(nanoseconds: nanoseconds)
    }

    /// A second is over. The first stretch begins with the first answer.
    mutating func closeSecond() {
        guard self.openSeconds > 0 || self.latencies.count > 0 else { return }
        self.openSeconds += 1
        guard self.openSeconds == Self.seconds else { return }
        if let p99 = self.latencies.percentileMs(99) { self.p99Ms.append(p99) }
        self.latencies.reset()
        self.openSeconds = 0
    }

    /// The median over the stretches; of two in the middle the worse. Nil without any.
    var medianP99Ms: Double? {
        self.p99Ms.isEmpty ? nil : self.p99Ms.sorted()[self.p99Ms.count / 2]
    }
}
