import Fixtures
import FluxoDeCaixa
import LeaseFakes
import Logging
import NIOConcurrencyHelpers
import ServiceRuntime
import Testing

@testable import Consolidado

@Suite(.timeLimit(.minutes(5))) struct NoticeSenderTests {
    private static func chave(_ conta: String) -> ChaveDeSaldo {
        ChaveDeSaldo(conta: Conta(conta)!, data: Dia(parsing: "2026-11-24")!)
    }

    private static var limits: NoticeSender.Limits {
        var limits = NoticeSender.Limits()
        limits.interval = .milliseconds(5)
        limits.lease.idleInterval = .milliseconds(5)
        limits.lease.keepAliveInterval = .milliseconds(2)
        limits.batchNoticesMax = 2
        return limits
    }

    /// Runs a sender until the condition holds.
    /// - Returns: the leases that it had.
    @discardableResult
    private static func send(_ notices: FakeNotices, until done: () async -> Bool) async -> FakeLeases<any NoticeLease> {
        let leases = FakeLeases<any NoticeLease>(access: notices)
        let sender = NoticeSender(leases: leases, publisher: notices, limits: self.limits, logger: Logger(label: "tests"))
        let run = Task { await sender.run() }
        #expect(await eventually { await done() })
        run.cancel()
        await run.value
        return leases
    }

    @Test func `everything due is sent once, in batches, and the lease is released`() async {
        let notices = FakeNotices()
        for name in ["e", "a", "d", "b", "c"] { await notices.change(Self.chave(name), versao: 3) }
        let leases = await Self.send(notices) { await notices.dueCount == 0 }
        let expected = [["a", "b"], ["c", "d"], ["e"]].map { $0.map { "\($0)/2026-11-24/3" } }
        #expect(await notices.sent == expected)
        #expect(await leases.count == 1)
        #expect(await !leases.isHeld)
    }

    @Test func `a day that changes before its notice is confirmed is sent again`() async {
        let notices = FakeNotices()
        await notices.change(Self.chave("a"), versao: 3)
        await notices.changeWhileSending(Self.chave("a"), versao: 4)
        await Self.send(notices) { await notices.dueCount == 0 }
        #expect(await notices.sent == [["a/2026-11-24/3"], ["a/2026-11-24/4"]])
    }

    @Test func `what a queue refuses is put off and holds up nobody`() async {
        let notices = FakeNotices(refusedAccounts: ["a"])
        for name in ["a", "b", "c"] { await notices.change(Self.chave(name), versao: 1) }
        await Self.send(notices) { await notices.dueCount == 1 }
        #expect(await notices.postponedCount == 1)
        #expect(await notices.sent == [["a/2026-11-24/1", "b/2026-11-24/1"], ["c/2026-11-24/1"]])
        // A change is news for everybody else: it is not put off.
        await notices.change(Self.chave("a"), versao: 2)
        await Self.send(notices) { await notices.sent.last == ["a/2026-11-24/2"] }
        #expect(await notices.dueCount == 1)
    }

    @Test func `a notice that may not have arrived is sent again`() async {
        let notices = FakeNotices(unknowns: 1)
        for name in ["a", "b", "c"] { await notices.change(Self.chave(name), versao: 1) }
        await Self.send(notices) { await notices.dueCount == 0 }
        #expect(await notices.sent.count == 3)
        #expect(await notices.sent[0] == notices.sent[1])
    }

    @Test func `a lost database session is a lost lease, and another is had`() async {
        let notices = FakeNotices(failures: 1)
        await notices.change(Self.chave("a"), versao: 1)
        let leases = await Self.send(notices) { await notices.dueCount == 0 }
        #expect(await leases.count == 2)
    }

    @Test func `confirms may take longer than the session may be silent`() async {
        let held = NIOLockedValueBox<FakeLeases<any NoticeLease>?>(nil)
        // The broker answers when the session was kept alive three times meanwhile.
        let notices = FakeNotices(beforeOutcomes: { await held.withLockedValue { $0 }?.wait { $0.keepAlives >= 3 } })
        await notices.change(Self.chave("a"), versao: 1)
        let leases = FakeLeases<any NoticeLease>(access: notices)
        held.withLockedValue { $0 = leases }
        let sender = NoticeSender(leases: leases, publisher: notices, limits: Self.limits, logger: Logger(label: "tests"))
        let run = Task { await sender.run() }
        #expect(await eventually { await notices.dueCount == 0 })
        run.cancel()
        await run.value
        #expect(await leases.count == 1)
        #expect(await leases.keepAlives >= 3)
    }
}
