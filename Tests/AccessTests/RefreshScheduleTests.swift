import Testing

@testable import Access

@Suite struct RefreshScheduleTests {
    static let start = ContinuousClock.now
    static func schedule() -> RefreshSchedule {
        RefreshSchedule(.init(interval: .seconds(300), retryMin: .seconds(1), retryMax: .seconds(10), askedMin: .seconds(5)), now: start)
    }

    @Test func firstLookIsDueAtOnceAndMayBeAskedFor() {
        let schedule = Self.schedule()
        #expect(schedule.due == Self.start)
        #expect(schedule.mayAsk(now: Self.start))
    }

    @Test func failuresWaitLongerUpToALimitAndASuccessEndsThem() {
        var schedule = Self.schedule()
        var waits: [Duration] = []
        for _ in 0..<40 {
            schedule.looked(succeeded: false, now: Self.start)
            waits.append(schedule.due - Self.start)
        }
        #expect(waits.prefix(6) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(10), .seconds(10)])
        #expect(waits.allSatisfy { $0 <= .seconds(10) })
        schedule.looked(succeeded: true, now: Self.start)
        #expect(schedule.due == Self.start + .seconds(300) && schedule.failures == 0)
        schedule.looked(succeeded: false, now: Self.start)
        #expect(schedule.due == Self.start + .seconds(1))
    }

    @Test func askingIsLimitedAndPointlessWhileTheSourceIsAway() {
        var schedule = Self.schedule()
        schedule.looked(succeeded: true, now: Self.start)
        #expect(!schedule.mayAsk(now: Self.start + .milliseconds(4999)))
        #expect(schedule.mayAsk(now: Self.start + .seconds(5)))
        schedule.looked(succeeded: false, now: Self.start + .seconds(5))
        #expect(!schedule.mayAsk(now: Self.start + .seconds(100)))
    }
}
