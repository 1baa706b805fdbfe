import FluxoDeCaixa
import NIOConcurrencyHelpers
import Storage
import Testing

@testable import Lancamentos

/// Publishing registered entries again.
@Suite struct ReplayTests {
    /// Entries in memory.
    private struct Archive: EntryArchive {
        let all: [Registration]

        func entries(_ range: Range<LancamentoID>, limit: Int) async throws(StorageFailure) -> [Registration] {
            Array(self.all.filter { range.contains($0.lancamento.id) }.prefix(limit))
        }

        func count(_ range: Range<LancamentoID>) async throws(StorageFailure) -> Int64 { throw .unavailable }

        func outbox(youngerThan age: Duration) async throws(StorageFailure) -> OutboxStatus { throw .unavailable }

        func pending(upTo seq: Int64) async throws(StorageFailure) -> Int64 { throw .unavailable }
    }

    /// Confirms an event at the given attempt.
    private final class Publisher: EventPublisher {
        let sent = NIOLockedValueBox<[LancamentoID]>([])
        private let confirmsAt: @Sendable (LancamentoID) -> Int
        var isReady: Bool { true }

        init(confirmsAt: @escaping @Sendable (LancamentoID) -> Int) {
            self.confirmsAt = confirmsAt
        }

        func publish(_ events: [Registration]) async -> [Bool] {
            events.map { event in
                let id = event.lancamento.id
                let attempts = self.sent.withLockedValue { sent in
                    sent.append(id)
                    return sent.count(where: { $0 == id })
                }
                return attempts >= self.confirmsAt(id)
            }
        }
    }

    private static var limits: Replay.Limits {
        var limits = Replay.Limits()
        limits.pageEntriesMax = 3
        limits.attemptsMax = 2
        limits.attemptPause = .zero
        return limits
    }

    private static func instant(_ milliseconds: Int64) -> Instante { Instante(milissegundos: milliseconds) }

    /// An entry at each of these milliseconds.
    private static func archive(_ milliseconds: [Int64]) -> Archive {
        Archive(
            all: milliseconds.map { milliseconds in
                var lancamento = Registrations.make(1).lancamento
                lancamento.id = LancamentoID(bits: UInt128(milliseconds) << 80 | 0x7000_8000_0000_0000_0001)
                return Registration(lancamento: lancamento, traceparent: nil)
            })
    }

    @Test func `every entry of the period is sent once, page by page, and the last instant done is reported`() async throws {
        let archive = Self.archive([9, 10, 11, 12, 13, 14, 15, 16, 17])
        let publisher = Publisher { _ in 1 }
        var done: [Int: Int64] = [:]
        let period = try #require(RegistrationPeriod(Self.instant(10), through: Self.instant(16)))
        try await Replay(archive: archive, publisher: publisher, limits: Self.limits).run(period) { done[$0] = $1.instante.milissegundos }
        #expect(publisher.sent.withLockedValue { $0.map(\.instante.milissegundos) } == [10, 11, 12, 13, 14, 15, 16])
        #expect(done == [3: 12, 6: 15, 7: 16])
    }

    @Test func `what is not confirmed is sent again, and ends the replay where it stays so`() async throws {
        let archive = Self.archive([10, 11, 12, 13, 14, 15, 16])
        let late = Publisher { $0.instante.milissegundos == 11 ? 2 : 1 }
        let period = try #require(RegistrationPeriod(Self.instant(0), through: Self.instant(100)))
        try await Replay(archive: archive, publisher: late, limits: Self.limits).run(period) { _, _ in }
        #expect(late.sent.withLockedValue { $0.map(\.instante.milissegundos) } == [10, 11, 12, 11, 13, 14, 15, 16])

        let never = Publisher { $0.instante.milissegundos == 14 ? 99 : 1 }
        var last: Int64?
        do {
            try await Replay(archive: archive, publisher: never, limits: Self.limits).run(period) { last = $1.instante.milissegundos }
            Issue.record("an event that is never confirmed ended the replay without an error")
        } catch {
            #expect(error as? Replay.Failure == .unconfirmed(1))
        }
        #expect(last == 12)
    }

    @Test func `a period includes both of its milliseconds`() throws {
        let period = try #require(RegistrationPeriod(Self.instant(10), through: Self.instant(10)))
        let ids = [9, 10, 11].map { LancamentoID(bits: UInt128($0) << 80 | 1) }
        #expect(ids.map(period.ids.contains) == [false, true, false])
        #expect(RegistrationPeriod(Self.instant(11), through: Self.instant(10)) == nil)
    }
}
