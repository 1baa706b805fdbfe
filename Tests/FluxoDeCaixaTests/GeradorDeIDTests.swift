import FluxoDeCaixa
import SeededRandom
import Testing

@Suite struct GeradorDeIDTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func neverStepsBackWhateverTheClockDoes(semente: UInt64) {
        var aleatorio = SeededGenerator(seed: semente)
        var gerador = GeradorDeID()
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
            let id = gerador.proximo(agora: Instante(milissegundos: relogio), aleatorio: &aleatorio)
            if let anterior, id <= anterior { foraDeOrdem += 1 }
            if !id.isVersion7 { malFeitos += 1 }
            anterior = id
        }
        #expect(foraDeOrdem == 0)
        #expect(malFeitos == 0)
    }

    @Test func carriesTheClocksMoment() {
        var aleatorio = SeededGenerator(seed: 1)
        var gerador = GeradorDeID()
        let agora = Instante(milissegundos: 1_795_503_692_123)
        #expect(gerador.proximo(agora: agora, aleatorio: &aleatorio).instante == agora)
        let depois = Instante(milissegundos: 1_795_503_692_124)
        #expect(gerador.proximo(agora: depois, aleatorio: &aleatorio).instante == depois)
    }

    @Test func holdsItsMomentWhenTheClockGoesBack() {
        var aleatorio = SeededGenerator(seed: 1)
        var gerador = GeradorDeID()
        let agora = Instante(milissegundos: 1_795_503_692_123)
        _ = gerador.proximo(agora: agora, aleatorio: &aleatorio)
        #expect(gerador.proximo(agora: Instante(milissegundos: 5), aleatorio: &aleatorio).instante == agora)
    }

    /// All ones start the counter at the top of its lower half: 2,049 ids fit into the millisecond, the next carries.
    @Test func carriesIntoTheTimeWhenTheCounterIsFull() {
        struct TudoUm: RandomNumberGenerator {
            mutating func next() -> UInt64 { .max }
        }
        var aleatorio = TudoUm()
        var gerador = GeradorDeID()
        let agora = Instante(milissegundos: 1000)
        let ids = (0..<2050).map { _ in gerador.proximo(agora: agora, aleatorio: &aleatorio) }
        #expect(ids[2048].instante.milissegundos == 1000)
        #expect(ids[2049].instante.milissegundos == 1001)
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
        // The clock reaching the moment already used changes nothing.
        #expect(gerador.proximo(agora: Instante(milissegundos: 1001), aleatorio: &aleatorio) > ids[2049])
    }

    @Test func startsAtTheEpochForEarlierClocks() {
        var aleatorio = SeededGenerator(seed: 1)
        var gerador = GeradorDeID()
        let id = gerador.proximo(agora: .primeiro, aleatorio: &aleatorio)
        #expect(id.instante.milissegundos == 0)
        #expect(id.isVersion7)
    }

    @Test func twoGeneratorsOfOneMomentDiffer() {
        var aleatorio = SeededGenerator(seed: 1)
        var um = GeradorDeID()
        var outro = GeradorDeID()
        let agora = Instante(milissegundos: 1000)
        #expect(um.proximo(agora: agora, aleatorio: &aleatorio) != outro.proximo(agora: agora, aleatorio: &aleatorio))
    }
}
