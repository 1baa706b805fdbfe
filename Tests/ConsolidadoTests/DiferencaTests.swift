import FluxoDeCaixa
import Testing

@testable import Consolidado

@Suite struct DiferencaTests {
    private static let minuto = Minuto(Instante(parsing: "2026-11-29T10:00:00Z")!)

    private static func contagem(_ quantidade: Int64, centavos: Int128? = nil) -> Contagem {
        Contagem(quantidade: quantidade, creditos: Quantia(centavos: centavos ?? Int128(quantidade) * 100), debitos: .zero)
    }

    /// One look at a minute; seconds since the first one.
    private struct Look {
        let registered: Int64
        let applied: Int64
        let at: Int64
        /// When the count arrived; nil if it is the one before.
        var received: Int64?
    }

    private static func instante(_ second: Int64) -> Instante { Instante(milissegundos: 1_800_000_000_000 + second * 1000) }

    private static func follow(_ looks: [Look]) -> [Diferenca?] {
        var known: Diferenca?
        return looks.map { look in
            known = Diferenca.of(
                self.minuto, registrado: self.contagem(look.registered), receivedAt: look.received.map(self.instante),
                aplicado: self.contagem(look.applied), known: known, now: self.instante(look.at), limits: .init())
            return known
        }
    }

    private static func confirmed(_ looks: [Look]) -> [Bool?] { self.follow(looks).map { $0?.isConfirmed } }

    @Test func `equal numbers and sums are no difference`() {
        #expect(Self.confirmed([Look(registered: 3, applied: 3, at: 60, received: 0)]) == [nil])
    }

    @Test func `a missing entry is confirmed if it is still missing a minute later`() {
        let looks = [
            Look(registered: 3, applied: 2, at: 60, received: 0), Look(registered: 3, applied: 2, at: 119),
            Look(registered: 3, applied: 2, at: 120),
        ]
        #expect(Self.confirmed(looks) == [false, false, true])
    }

    @Test func `an entry that arrives meanwhile was on its way`() {
        let looks = [
            Look(registered: 3, applied: 2, at: 60, received: 0), Look(registered: 3, applied: 3, at: 120),
            Look(registered: 3, applied: 2, at: 180, received: 130),
        ]
        #expect(Self.confirmed(looks) == [false, nil, false])
    }

    @Test func `a surplus is confirmed by a count that arrives later and still lacks it`() {
        let looks = [
            Look(registered: 2, applied: 3, at: 60, received: 0),
            // However long it lasts: the entry may have been committed after that count.
            Look(registered: 2, applied: 3, at: 4000),
            // It may have been on its way when the surplus was seen.
            Look(registered: 2, applied: 3, at: 4100, received: 100),
            Look(registered: 2, applied: 3, at: 4200, received: 121),
        ]
        #expect(Self.confirmed(looks) == [false, false, false, true])
    }

    @Test func `an entry that was committed after its minute was counted is no surplus`() {
        #expect(
            Self.confirmed([
                Look(registered: 2, applied: 3, at: 60, received: 0), Look(registered: 3, applied: 3, at: 900, received: 840),
            ]) == [false, nil])
    }

    @Test func `entries that are committed late one after the other are no surplus, however long it lasts`() {
        // A clock that stands still: every count is overtaken by the next entry of the same minute.
        let looks = (Int64(0)..<20).map { (number: Int64) -> Look in
            let second = number * 600
            return Look(registered: 10 + number, applied: 11 + number, at: second + 60, received: second)
        }
        #expect(Self.confirmed(looks).allSatisfy { $0 == false })
    }

    @Test func `a confirmed difference stays one until both sides are alike`() {
        let looks = [
            Look(registered: 9, applied: 2, at: 60, received: 0), Look(registered: 9, applied: 2, at: 120),
            Look(registered: 9, applied: 5, at: 121), Look(registered: 9, applied: 8, at: 122, received: 100),
            Look(registered: 9, applied: 9, at: 123),
        ]
        #expect(Self.confirmed(looks) == [false, true, true, true, nil])
    }

    @Test func `what is missing turns into what is too many, and both are looked at from the start`() {
        let looks = [
            Look(registered: 3, applied: 2, at: 60, received: 0), Look(registered: 3, applied: 2, at: 120),
            Look(registered: 1, applied: 2, at: 500, received: 400), Look(registered: 1, applied: 2, at: 900, received: 800),
            Look(registered: 3, applied: 2, at: 1000, received: 900),
        ]
        #expect(Self.confirmed(looks) == [false, true, false, true, false])
    }

    @Test func `equal numbers with other sums are a difference`() {
        func look(_ at: Int64, known: Diferenca?) -> Diferenca? {
            Diferenca.of(
                Self.minuto, registrado: Self.contagem(2), receivedAt: nil, aplicado: Self.contagem(2, centavos: 201), known: known,
                now: Self.instante(at), limits: .init())
        }
        let first = look(0, known: nil)
        #expect(first?.isConfirmed == false)
        #expect(look(60, known: first)?.isConfirmed == true)
    }
}

@Suite struct ReportedDaysTests {
    private static func day(_ text: String, faltam: Int64 = 1, sobram: Int64 = 0) -> DiaDivergente {
        DiaDivergente(dia: Dia(parsing: text)!, faltam: faltam, sobram: sobram, saldo: Quantia(centavos: 100))
    }

    @Test func `only a change of the days is reported`() {
        var reported = ReportedDays()
        #expect(reported.change([]) == nil)
        #expect(reported.change([Self.day("2026-11-28")]) == .differ([Self.day("2026-11-28")]))
        #expect(reported.change([Self.day("2026-11-28", faltam: 2)]) == nil)
        let both = [Self.day("2026-11-28"), Self.day("2026-11-29")]
        #expect(reported.change(both) == .differ(both))
        #expect(reported.change([]) == .agree)
        #expect(reported.change([]) == nil)
    }

    @Test func `missing and surplus entries never cancel each other out`() {
        #expect([DiaDivergente]().difference == 0)
        #expect([Self.day("2026-11-28", faltam: 3), Self.day("2026-11-29", faltam: 2)].difference == 5)
        #expect([Self.day("2026-11-28", faltam: 0, sobram: 4)].difference == -4)
        #expect([Self.day("2026-11-28", faltam: 2, sobram: 2)].difference == 2)
        #expect([Self.day("2026-11-28", faltam: 2, sobram: 3)].difference == -3)
    }
}
