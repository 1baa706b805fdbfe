import Testing

@testable import AMQP

struct BackoffTests {
    @Test func doublesUpToItsLimit() {
        var backoff = Backoff(shortest: .milliseconds(100), longest: .milliseconds(350))
        #expect(
            (0..<4).map { _ in backoff.next(random: 0) } == [
                .milliseconds(100), .milliseconds(200), .milliseconds(350), .milliseconds(350),
            ])
    }

    @Test func isShortenedByUpToAHalf() {
        var backoff = Backoff(shortest: .milliseconds(100), longest: .seconds(1))
        #expect(backoff.next(random: 0.5) == .milliseconds(75))
        #expect(backoff.next(random: 1.0.nextDown) >= .milliseconds(100))
    }

    @Test func startsAgainOnlyAfterWhatLasted() {
        var backoff = Backoff(shortest: .milliseconds(100), longest: .seconds(1))
        _ = backoff.next(random: 0)
        backoff.lasted(.milliseconds(900))
        #expect(backoff.next(random: 0) == .milliseconds(200))
        backoff.lasted(.seconds(1))
        #expect(backoff.next(random: 0) == .milliseconds(100))
    }
}
