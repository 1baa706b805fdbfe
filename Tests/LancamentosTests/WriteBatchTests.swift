import FluxoDeCaixa
import Testing

@testable import Lancamentos

@Suite struct WriteBatchTests {
    private func stored(_ registro: RegistroDeLancamento) -> LancamentoArmazenado {
        LancamentoArmazenado(lancamento: registro.lancamento, conteudo: registro.conteudo)
    }

    @Test func `of equal keys only the earliest is sent`() {
        let batch = WriteBatch([
            Registros.make(1, chave: "k"), Registros.make(2, chave: "k"), Registros.make(3, conta: "outra", chave: "k"), Registros.make(4),
        ])
        #expect(batch.sent == [0, 2, 3])
    }

    @Test func `of reversals of one entry only the earliest is sent`() {
        let original = Registros.id(9)
        let batch = WriteBatch([Registros.make(1, estornoDe: original), Registros.make(2, estornoDe: original)])
        #expect(batch.sent == [0])
    }

    @Test func `each request is answered by its own content, not by the row that was sent`() {
        let first = Registros.make(1, chave: "k", conteudo: [1])
        let same = Registros.make(2, chave: "k", conteudo: [1])
        let other = Registros.make(3, chave: "k", conteudo: [2])
        var batch = WriteBatch([first, same, other])
        batch.inserted([RegistroNaOutbox(seq: 1, id: first.lancamento.id)])
        #expect(batch.unsettled == [1, 2])
        #expect(batch.settled([self.stored(first), self.stored(first)]) == 0)
        #expect(
            batch.outcomes == [
                .success(.criado(first.lancamento)), .success(.repetido(first.lancamento)), .failure(.chaveComOutroConteudo),
            ]
        )
    }

    @Test func `the earliest of a batch loses against what was stored before`() {
        let earlier = Registros.make(1, chave: "k", conteudo: [2])
        let mine = Registros.make(2, chave: "k", conteudo: [1])
        let same = Registros.make(3, chave: "k", conteudo: [2])
        var batch = WriteBatch([mine, same])
        batch.inserted([])
        _ = batch.settled([self.stored(earlier), self.stored(earlier)])
        #expect(batch.outcomes == [.failure(.chaveComOutroConteudo), .success(.repetido(earlier.lancamento))])
    }

    @Test func `a row found by its own id was made by the run whose answer was lost`() {
        let keyless = Registros.make(1)
        var batch = WriteBatch([keyless])
        batch.inserted([])
        _ = batch.settled([self.stored(keyless)])
        #expect(batch.outcomes == [.success(.criado(keyless.lancamento))])
    }

    @Test func `a second reversal gets the first, whatever it says`() {
        let original = Registros.id(9)
        let first = Registros.make(1, centavos: 100, estornoDe: original)
        var batch = WriteBatch([Registros.make(2, centavos: 100, estornoDe: original)])
        batch.inserted([])
        _ = batch.settled([self.stored(first)])
        #expect(batch.outcomes == [.success(.repetido(first.lancamento))])
    }

    @Test func `what is still open fails, what is settled stays`() {
        let first = Registros.make(1)
        let second = Registros.make(2)
        var batch = WriteBatch([first, second])
        batch.inserted([RegistroNaOutbox(seq: 1, id: first.lancamento.id)])
        batch.failRest { .resultadoDesconhecido($0) }
        #expect(batch.outcomes == [.success(.criado(first.lancamento)), .failure(.resultadoDesconhecido(second.lancamento.id))])
    }
}
