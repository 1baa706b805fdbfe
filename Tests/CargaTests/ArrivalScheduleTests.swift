import Testing

@testable import Carga

@Suite struct ArrivalScheduleTests {
    @Test func `requests are due at a constant rate from the beginning`() {
        let schedule = ArrivalSchedule(ratePerSecond: 500, duration: .seconds(2))
        #expect(schedule.count == 1000)
        #expect(schedule.dueNanoseconds(0) == 0)
        #expect(schedule.dueNanoseconds(1) == 2_000_000)
        #expect(schedule.dueNanoseconds(999) == 1_998_000_000)
    }

    @Test func `a request is due from its own time on`() {
        let schedule = ArrivalSchedule(ratePerSecond: 500, duration: .seconds(2))
        #expect(schedule.dueCount(afterNanoseconds: -1) == 0)
        #expect(schedule.dueCount(afterNanoseconds: 0) == 1)
        #expect(schedule.dueCount(afterNanoseconds: 1_999_999) == 1)
        #expect(schedule.dueCount(afterNanoseconds: 2_000_000) == 2)
        #expect(schedule.dueCount(afterNanoseconds: .max / 2) == 1000)
    }

    @Test(arguments: [0.3, 3, 7, 333.3, 500, 7919, 50_000])
    func `counting and times agree at every rate`(rate: Double) {
        let schedule = ArrivalSchedule(ratePerSecond: rate, duration: .seconds(7))
        for number in 0..<min(schedule.count, 5000) {
            let due = schedule.dueNanoseconds(number)
            #expect(schedule.dueCount(afterNanoseconds: due) == number + 1)
            if due > 0 { #expect(schedule.dueCount(afterNanoseconds: due - 1) == number) }
        }
    }

    @Test func `a pause makes everything due that it missed`() {
        let schedule = ArrivalSchedule(ratePerSecond: 1000, duration: .seconds(10))
        #expect(schedule.dueCount(afterNanoseconds: 3_000_000_000) - schedule.dueCount(afterNanoseconds: 1_000_000_000) == 2000)
    }
}
