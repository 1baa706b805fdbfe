/// How many events an entry service has published, as its metrics tell.
///
/// Counters are of the moment; the gauge of what is unpublished is some seconds old, and tells 0 of a service that has just got its first entries.
enum PublishedEvents {
    private static let outcomes = ["confirmed", "confirmed_direct"]

    /// Those that the broker confirmed since the service started; nil if the text does not tell.
    static func count(metrics: String) -> Int? {
        var counts: [Int] = []
        for line in metrics.split(separator: "\n") {
            for outcome in self.outcomes where line.hasPrefix("fluxo_publish_total{outcome=\"\(outcome)\"} ") {
                guard let count = line.split(separator: " ").last.flatMap({ Int($0) }) else { return nil }
                counts.append(count)
            }
        }
        return counts.count == self.outcomes.count ? counts.reduce(0, +) : nil
    }
}
