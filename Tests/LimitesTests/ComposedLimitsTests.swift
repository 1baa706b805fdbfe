import Testing

@testable import Limites

@Suite struct ComposedLimitsTests {
    @Test func `parts one after the other add up their times`() {
        var rates: [Part: Double] = [:]
        for part in Part.allCases { rates[part] = 6000 }
        let limits = ComposedLimits(rates)
        #expect(limits.write.map { $0.rounded() } == 1000)
        #expect(limits.lote.map { $0.rounded() } == 1200)
        #expect(limits.read.map { $0.rounded() } == 3000)
    }

    @Test(arguments: Part.allCases)
    func `without one of its parts a limit is unknown, the others are not`(missing: Part) {
        var rates: [Part: Double] = [:]
        for part in Part.allCases { rates[part] = part == missing ? 0 : 100 }
        let limits = ComposedLimits(rates)
        #expect((limits.write == nil) == [.bareWrite, .insert, .delete, .publish, .consume, .apply].contains(missing))
        #expect((limits.lote == nil) == [.insert, .delete, .publish, .consume, .apply].contains(missing))
        #expect((limits.read == nil) == [.bareRead, .read].contains(missing))
    }
}
