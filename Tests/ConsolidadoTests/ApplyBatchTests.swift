import Contrato
import Fixtures
import FluxoDeCaixa
import Testing

@testable import Consolidado

@Suite struct ApplyBatchTests {
    private static func entry(_ number: UInt64, centavos: Int64 = 100) -> LancamentoAplicavel {
        TestEntry.aplicavel(number, centavos: centavos)
    }

    @Test func `one entry per id is sent, sorted by id`() {
        let batch = ApplyBatch([Self.entry(3), Self.entry(1), Self.entry(3, centavos: 5), Self.entry(2)])
        #expect(batch.toSend == [Self.entry(1), Self.entry(2), Self.entry(3)])
    }

    @Test func `a duplicate inside the batch is compared with what its first made`() {
        let batch = ApplyBatch([Self.entry(1), Self.entry(1), Self.entry(1, centavos: 5)])
        let new: Set = [Self.entry(1).id]
        #expect(batch.toCompare(new: new) == [Self.entry(1).id])
        #expect(batch.outcomes(new: new, stored: [Self.entry(1).id: Self.entry(1)]) == [.applied, .duplicate, .conflict])
    }

    @Test func `what was applied before is a duplicate if it is the same, a conflict if not`() {
        let batch = ApplyBatch([Self.entry(1), Self.entry(2)])
        #expect(batch.toCompare(new: []) == [Self.entry(1).id, Self.entry(2).id])
        let stored = [Self.entry(1).id: Self.entry(1), Self.entry(2).id: Self.entry(2, centavos: 7)]
        #expect(batch.outcomes(new: [], stored: stored) == [.duplicate, .conflict])
    }

    @Test func `what is neither new nor stored says that the batch must run again`() {
        let batch = ApplyBatch([Self.entry(1), Self.entry(2)])
        #expect(batch.outcomes(new: [Self.entry(1).id], stored: [:]) == nil)
    }

    @Test func `nothing needs comparing if everything was new`() {
        let batch = ApplyBatch([Self.entry(1), Self.entry(2)])
        #expect(batch.toCompare(new: [Self.entry(1).id, Self.entry(2).id]).isEmpty)
    }
}
