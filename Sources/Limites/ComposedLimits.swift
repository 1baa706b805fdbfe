/// What the whole could carry if it did nothing but its parts, one after the other, on the same processors.
struct ComposedLimits: Equatable {
    /// Single registrations a second, from the request to the balance.
    let write: Double?
    /// Entries of a lote a second: the same without a request each.
    let lote: Double?
    /// Balances of a day a second.
    let read: Double?

    /// - Parameter rates: operations a second. A limit one of whose parts was not measured is nil.
    init(_ rates: [Part: Double]) {
        let stored: [Part] = [.insert, .delete, .publish, .consume, .apply]
        self.write = Self.compose([.bareWrite] + stored, rates)
        self.lote = Self.compose(stored, rates)
        self.read = Self.compose([.bareRead, .read], rates)
    }

    private static func compose(_ parts: [Part], _ rates: [Part: Double]) -> Double? {
        var secondsPerOperation = 0.0
        for part in parts {
            guard let rate = rates[part], rate > 0 else { return nil }
            secondsPerOperation += 1 / rate
        }
        return 1 / secondsPerOperation
    }
}
