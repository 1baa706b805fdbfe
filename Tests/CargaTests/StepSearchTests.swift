import Testing

@testable import Carga

@Suite struct StepSearchTests {
    private static func run(limit: Double, first: Double = 500, highest: Double = 50_000) -> (search: StepSearch, rates: [Double]) {
        var search = StepSearch(first: first, highest: highest)
        var rates: [Double] = []
        while let rate = search.next {
            rates.append(rate)
            search.take(rate, holds: rate <= limit)
        }
        return (search, rates)
    }

    @Test(arguments: [40.0, 130, 499, 500, 777, 1000, 5300, 12_345, 49_000])
    func `finds the highest rate to a tenth`(limit: Double) throws {
        let (search, rates) = Self.run(limit: limit)
        let held = try #require(search.held)
        #expect(held <= limit)
        #expect(limit <= held * 1.11)
        #expect(rates.count <= StepSearch.stepsMax)
        for rate in Set(rates) { #expect(rates.count { $0 == rate } == (rate <= limit ? 1 : 2), "\(rate)") }
    }

    @Test func `ends where nothing breaks and where nothing holds`() {
        #expect(Self.run(limit: .infinity).search.held == 50_000)
        let (search, rates) = Self.run(limit: 0)
        #expect(search.held == nil)
        #expect(rates.count < 16)
    }

    @Test func `doubles first`() {
        #expect(Self.run(limit: 5300).rates.prefix(5) == [500, 1000, 2000, 4000, 8000])
    }

    @Test func `a rate that holds at the second try holds`() {
        var search = StepSearch(first: 500, highest: 1000)
        search.take(500, holds: false)
        #expect(search.next == 500)
        search.take(500, holds: true)
        #expect(search.held == 500)
        #expect(search.next == 1000)
    }
}
