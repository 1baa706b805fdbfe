import Contrato
import FluxoDeCaixa

/// What became of one entry of a lote.
enum LoteOutcome: Equatable, Sendable {
    case registered(LancamentoID)
    case replayed(LancamentoID)
    case failed(FalhaDeRegistro, temChave: Bool)
    /// Not accepted; the entry's own bytes say why when they are read again, and are smaller than the answer.
    case refused([UInt8])
    case tooLarge
    /// Nothing after this is read: the last answer.
    case ended(Problema)

    init(_ result: Result<ResultadoDeRegistro, FalhaDeRegistro>, temChave: Bool) {
        switch result {
        case .success(.criado(let lancamento)): self = .registered(lancamento.id)
        case .success(.repetido(let lancamento)): self = .replayed(lancamento.id)
        case .failure(let failure): self = .failed(failure, temChave: temChave)
        }
    }
}
