import FluxoDeCaixa
import Testing

@Suite struct MinutoTests {
    private static func minuto(_ numero: Int64) -> Minuto { Minuto(desde1970: numero)! }

    private static func item(_ numero: Int64, _ quantidade: Int64) -> ContagemPorMinuto.Item {
        .init(
            minuto: self.minuto(numero),
            contagem: Contagem(quantidade: quantidade, creditos: Quantia(centavos: Int128(quantidade)), debitos: .zero))
    }

    @Test func `an instant belongs to the minute in UTC that has begun`() throws {
        let last = try #require(Instante(parsing: "2026-11-29T23:59:59.999Z"))
        #expect(Minuto(last).description == "2026-11-29T23:59:00.000Z")
        #expect(Minuto(Instante(milissegundos: last.milissegundos + 1)).description == "2026-11-30T00:00:00.000Z")
        #expect(Minuto(Instante(milissegundos: -1)) == .primeiro)
        #expect(Minuto(last).somando(1) == Minuto(Instante(milissegundos: last.milissegundos + 1)))
        #expect(Minuto.primeiro.somando(-1) == .primeiro)
    }

    @Test func `the ids of a minute are those from its first to the next one's`() throws {
        let minuto = Minuto(try #require(Instante(parsing: "2026-11-29T10:20:30Z")))
        func id(_ millisecond: Int64, rest: UInt128) -> LancamentoID {
            LancamentoID(bits: UInt128(minuto.instante.milissegundos + millisecond) << 80 | rest)
        }
        let first = id(0, rest: 0)
        let last = id(59_999, rest: (1 << 80) - 1)
        let next = id(60_000, rest: 0)
        let ids = minuto.primeiroID..<minuto.somando(1).primeiroID
        #expect(ids.contains(first) && ids.contains(last) && !ids.contains(next))
    }

    @Test func `minutes are those of the years 1970 to 9999`() {
        #expect(Minuto(desde1970: -1) == nil)
        #expect(Minuto(desde1970: .max) == nil)
        #expect(Minuto(.ultimo).somando(.max / 2) == Minuto(.ultimo))
        #expect(Minuto(desde1970: Minuto(.ultimo).desde1970 + 1) == nil)
    }

    @Test func `a count that reached its limit leaves out the minute in which it did`() throws {
        let items = [Self.item(10, 3), Self.item(12, 4), Self.item(15, 2)]
        let all = Self.minuto(10)..<Self.minuto(20)
        func count(_ linhasMax: Int64, minutosMax: Int = 10, de periodo: Range<Minuto> = all) -> ContagemPorMinuto? {
            ContagemPorMinuto(lidos: items, de: periodo, linhasMax: linhasMax, minutosMax: minutosMax)
        }
        #expect(count(10) == ContagemPorMinuto(periodo: all, itens: items))
        // Nine rows at most: the last minute may have more.
        #expect(count(9) == ContagemPorMinuto(periodo: Self.minuto(10)..<Self.minuto(15), itens: Array(items.prefix(2))))
        #expect(count(10, minutosMax: 1) == ContagemPorMinuto(periodo: Self.minuto(10)..<Self.minuto(12), itens: Array(items.prefix(1))))
        let one = [Self.item(10, 3)]
        #expect(ContagemPorMinuto(lidos: one, de: all, linhasMax: 3, minutosMax: 10) == nil)
        // The minutes before it are known to have none.
        let before = Self.minuto(0)..<Self.minuto(20)
        let empty = ContagemPorMinuto(periodo: Self.minuto(0)..<Self.minuto(10), itens: [])
        #expect(ContagemPorMinuto(lidos: one, de: before, linhasMax: 3, minutosMax: 10) == empty)
        #expect(ContagemPorMinuto(lidos: [], de: all, linhasMax: 3, minutosMax: 10) == ContagemPorMinuto(periodo: all, itens: []))
    }
}
