import Fixtures
import FluxoDeCaixa
import Testing

@testable import Lancamentos

@Suite struct WriteBatchTests {
    @Test func `of equal keys only the earliest is sent`() {
        let batch = WriteBatch([
            Registrations.make(1, chave: "k"), Registrations.make(2, chave: "k"), Registrations.make(3, conta: "outra", chave: "k"),
            Registrations.make(4),
        ])
        #expect(batch.sent.map(\.lancamento.id) == [1, 3, 4].map(TestEntry.id))
    }

    @Test func `of reversals of one entry only the earliest is sent`() {
        let original = TestEntry.id(9)
        let batch = WriteBatch([Registrations.make(1, estornoDe: original), Registrations.make(2, estornoDe: original)])
        #expect(batch.sent.map(\.lancamento.id) == [TestEntry.id(1)])
    }

    @Test func `each request is answered by its own content, not by the row that was sent`() {
        let first = Registrations.make(1, chave: "k", conteudo: [1])
        let same = Registrations.make(2, chave: "k", conteudo: [1])
        let other = Registrations.make(3, chave: "k", conteudo: [2])
        var batch = WriteBatch([first, same, other])
        _ = batch.registered([first.lancamento.id: 1])
        #expect(batch.unsettled == [1, 2])
        #expect(batch.settled([first, first]) == 0)
        #expect(
            batch.outcomes == [
                .success(.criado(first.lancamento)), .success(.repetido(first.lancamento)), .failure(.chaveComOutroConteudo),
            ]
        )
    }

    @Test func `the earliest of a batch loses against what was stored before`() {
        let earlier = Registrations.make(1, chave: "k", conteudo: [2])
        let mine = Registrations.make(2, chave: "k", conteudo: [1])
        let same = Registrations.make(3, chave: "k", conteudo: [2])
        var batch = WriteBatch([mine, same])
        _ = batch.registered([:])
        _ = batch.settled([earlier, earlier])
        #expect(batch.outcomes == [.failure(.chaveComOutroConteudo), .success(.repetido(earlier.lancamento))])
    }

    @Test func `a row found by its own id was made by the run whose answer was lost`() {
        let keyless = Registrations.make(1)
        var batch = WriteBatch([keyless])
        _ = batch.registered([:])
        _ = batch.settled([keyless])
        #expect(batch.outcomes == [.success(.criado(keyless.lancamento))])
    }

    @Test func `a second reversal gets the first, whatever it says`() {
        let original = TestEntry.id(9)
        let first = Registrations.make(1, centavos: 100, estornoDe: original)
        var batch = WriteBatch([Registrations.make(2, centavos: 100, estornoDe: original)])
        _ = batch.registered([:])
        _ = batch.settled([first])
        #expect(batch.outcomes == [.success(.repetido(first.lancamento))])
    }

    @Test func `what is still open fails, what is settled stays`() {
        let first = Registrations.make(1)
        let second = Registrations.make(2)
        var batch = WriteBatch([first, second])
        _ = batch.registered([first.lancamento.id: 1])
        batch.failRest { .resultadoDesconhecido($0.id) }
        #expect(batch.outcomes == [.success(.criado(first.lancamento)), .failure(.resultadoDesconhecido(second.lancamento.id))])
    }
}
