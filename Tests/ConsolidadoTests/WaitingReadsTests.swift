import Fixtures
import FluxoDeCaixa
import Testing

@testable import Consolidado

@Suite struct WaitingReadsTests {
    private static let start = ContinuousClock.now
    private static let loja = Conta("loja42.caixa")!
    private static let outra = Conta("loja7")!

    private static func ids(_ numbers: UInt64...) -> Set<LancamentoID> { Set(numbers.map { TestEntry.id($0) }) }

    private static func make(waitersMax: Int = 10, idsMax: Int = 10) -> WaitingReads<String> {
        WaitingReads(waitersMax: waitersMax, idsMax: idsMax)
    }

    /// Adds a read of `loja42.*` with the wait in seconds.
    private static func add(
        _ key: UInt64, _ ids: Set<LancamentoID>, wait: Int = 5, to reads: inout WaitingReads<String>
    ) -> WaitingReads<String>.Admission {
        reads.add(
            key, ids: ids, filtro: .abaixoDe(Conta("loja42")!), deadline: self.start + .seconds(wait), continuation: "read \(key)")
    }

    private static func ended(_ ended: [(continuation: String, ending: WaitingReads<String>.Ending)]) -> [String] {
        ended.map { "\($0.continuation) \($0.ending)" }.sorted()
    }

    @Test func `a read ends when the last of its entries arrives`() {
        var reads = Self.make()
        _ = Self.add(1, Self.ids(1, 2), to: &reads)
        let first = reads.arrived([TestEntry.id(1): Self.loja, TestEntry.id(9): Self.loja])
        #expect(first.isEmpty)
        let again = reads.arrived([TestEntry.id(1): Self.loja])
        #expect(again.isEmpty)
        #expect(Set(reads.beginCheck()) == Self.ids(2))
        let second = reads.arrived([TestEntry.id(2): Self.loja])
        #expect(second == ["read 1"])
        #expect(reads.count == 0)
        #expect(reads.beginCheck().isEmpty)
    }

    @Test func `an entry of another account never arrives`() {
        var reads = Self.make()
        _ = Self.add(1, Self.ids(1), to: &reads)
        #expect(reads.beginCheck() == [TestEntry.id(1)])
        let done = reads.arrived([TestEntry.id(1): Self.outra])
        #expect(done.isEmpty)
        #expect(Self.ended(reads.endCheck(succeeded: true, now: Self.start)) == [])
        #expect(reads.beginCheck() == [TestEntry.id(1)])
        #expect(Self.ended(reads.endCheck(succeeded: true, now: Self.start + .seconds(5))) == ["read 1 late"])
    }

    @Test func `two reads for one entry are woken together and looked for once`() {
        var reads = Self.make()
        _ = Self.add(1, Self.ids(1), to: &reads)
        _ = Self.add(2, Self.ids(1), to: &reads)
        #expect(reads.beginCheck() == [TestEntry.id(1)])
        #expect(reads.arrived([TestEntry.id(1): Self.loja]).sorted() == ["read 1", "read 2"])
    }

    @Test func `a read that does not wait is checked once, by a check that began after it arrived`() {
        var reads = Self.make()
        _ = Self.add(1, Self.ids(1), wait: 0, to: &reads)
        _ = reads.beginCheck()
        _ = Self.add(2, Self.ids(2), wait: 0, to: &reads)
        #expect(Self.ended(reads.endCheck(succeeded: true, now: Self.start)) == ["read 1 late"])
        #expect(reads.beginCheck() == [TestEntry.id(2)])
        #expect(Self.ended(reads.endCheck(succeeded: true, now: Self.start)) == ["read 2 late"])
    }

    @Test func `a check that fails ends only those whose time is over`() {
        var reads = Self.make()
        _ = Self.add(1, Self.ids(1), wait: 0, to: &reads)
        _ = Self.add(2, Self.ids(2), wait: 5, to: &reads)
        _ = reads.beginCheck()
        #expect(Self.ended(reads.endCheck(succeeded: false, now: Self.start)) == ["read 1 unavailable"])
        #expect(reads.beginCheck() == [TestEntry.id(2)])
    }

    @Test func `a check that fails ends a read that arrived during it and does not wait`() {
        var reads = Self.make()
        _ = Self.add(1, Self.ids(1), wait: 5, to: &reads)
        _ = reads.beginCheck()
        _ = Self.add(2, Self.ids(2), wait: 0, to: &reads)
        #expect(Self.ended(reads.endCheck(succeeded: false, now: Self.start)) == ["read 2 unavailable"])
    }

    @Test func `a read whose caller is gone ends with the next check`() {
        var reads = Self.make()
        let admission = reads.add(
            1, ids: Self.ids(1), filtro: .todas, deadline: Self.start + .seconds(5), isWanted: { false }, continuation: "read 1")
        #expect(admission == .waits)
        _ = reads.beginCheck()
        #expect(Self.ended(reads.endCheck(succeeded: true, now: Self.start)) == ["read 1 late"])
        #expect(reads.beginCheck().isEmpty)
    }

    @Test func `reads and their entries are bounded, and ended reads make room`() {
        var reads = Self.make(waitersMax: 2, idsMax: 4)
        #expect(Self.add(1, Self.ids(1, 2, 3), to: &reads) == .waits)
        #expect(Self.add(2, Self.ids(1, 2), to: &reads) == .full)
        #expect(Self.add(3, Self.ids(1), to: &reads) == .waits)
        #expect(Self.add(4, Self.ids(1), to: &reads) == .full)
        #expect(reads.cancel(1) == "read 1")
        #expect(reads.cancel(1) == nil)
        #expect(Self.add(5, Self.ids(4, 5, 6), to: &reads) == .waits)
        #expect(Set(reads.beginCheck()) == Self.ids(1, 4, 5, 6))
    }

    @Test func `after closing no read waits`() {
        var reads = Self.make()
        _ = Self.add(1, Self.ids(1), to: &reads)
        #expect(reads.close() == ["read 1"])
        #expect(Self.add(2, Self.ids(1), to: &reads) == .closed)
        #expect(reads.beginCheck().isEmpty)
    }
}
