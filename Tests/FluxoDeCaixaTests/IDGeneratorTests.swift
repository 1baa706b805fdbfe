import FluxoDeCaixa
import SeededRandom
import Testing

@Suite struct IDGeneratorTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `ids increase whatever the clock does`(semente: UInt64) {
        var aleatorio = SeededGenerator(seed: semente)
        var gerador = IDGenerator()
        var relogio: Int64 = 1_795_503_692_123
        var anterior: LancamentoID?
        var foraDeOrdem = 0
        var malFeitos = 0
        for _ in 0..<20_000 {
            switch Int.random(in: 0..<100, using: &aleatorio) {
            case 0: relogio -= .random(in: 0...3_600_000, using: &aleatorio)
            case 1: relogio += .random(in: 0...5000, using: &aleatorio)
            case 2: relogio = .random(in: -10...2_000_000_000_000, using: &aleatorio)
            default: break
            }
            let id = gerador.next(now: Instante(milissegundos: relogio), using: &aleatorio)
            if let anterior, id <= anterior { foraDeOrdem += 1 }
            if !id.isVersion7 { malFeitos += 1 }
            anterior = id
        }
        #expect(foraDeOrdem == 0)
        #expect(malFeitos == 0)
    }

    @Test func `an id contains the instant of the clock`() {
        var aleatorio = SeededGenerator(seed: 1)
        var gerador = IDGenerator()
        let agora = Instante(milissegundos: 1_795_503_692_123)
        #expect(gerador.next(now: agora, using: &aleatorio).instante == agora)
        let depois = Instante(milissegundos: 1_795_503_692_124)
        #expect(gerador.next(now: depois, using: &aleatorio).instante == depois)
    }

    @Test func `the instant stays when the clock goes back`() {
        var aleatorio = SeededGenerator(seed: 1)
        var gerador = IDGenerator()
        let agora = Instante(milissegundos: 1_795_503_692_123)
        _ = gerador.next(now: agora, using: &aleatorio)
        #expect(gerador.next(now: Instante(milissegundos: 5), using: &aleatorio).instante == agora)
    }

    /// Random bits of all ones start the counter at the top of its lower half: 2,049 ids fit into the millisecond and the next one carries.
    @Test func `a full counter carries into the time`() {
        struct TudoUm: RandomNumberGenerator {
            mutating func next() -> UInt64 { .max }
        }
        var aleatorio = TudoUm()
        var gerador = IDGenerator()
        let agora = Instante(milissegundos: 1000)
        let ids = (0..<2050).map { _ in gerador.next(now: agora, using: &aleatorio) }
        #expect(ids[2048].instante.milissegundos == 1000)
        #expect(ids[2049].instante.milissegundos == 1001)
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
        // A clock that reaches the millisecond in use changes nothing.
        #expect(gerador.next(now: Instante(milissegundos: 1001), using: &aleatorio) > ids[2049])
    }

    @Test func `a clock before 1970 counts as 1970`() {
        var aleatorio = SeededGenerator(seed: 1)
        var gerador = IDGenerator()
        let id = gerador.next(now: .primeiro, using: &aleatorio)
        #expect(id.instante.milissegundos == 0)
        #expect(id.isVersion7)
    }

    @Test func `two generators give different ids at one instant`() {
        var aleatorio = SeededGenerator(seed: 1)
        var um = IDGenerator()
        var outro = IDGenerator()
        let agora = Instante(milissegundos: 1000)
        #expect(um.next(now: agora, using: &aleatorio) != outro.next(now: agora, using: &aleatorio))
    }
}
