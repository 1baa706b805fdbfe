import FluxoDeCaixa
import Lancamentos

/// An answer of the entry service as its clients distinguish answers.
enum ClientAnswer: Sendable {
    case registered(Lancamento)
    case otherContent
    case notRegistered
    case unknown(LancamentoID?)
    case notFound
    /// The process ended.
    case connectionLost

    init(_ outcome: Result<RegistrationOutcome, RegistrationFailure>) {
        switch outcome {
        case .success(.criado(let entry)), .success(.repetido(let entry)): self = .registered(entry)
        case .failure(.chaveComOutroConteudo): self = .otherContent
        case .failure(.sobrecarga), .failure(.bancoIndisponivel), .failure(.bancoRecusa): self = .notRegistered
        case .failure(.resultadoDesconhecido(let id)): self = .unknown(id)
        }
    }

    /// What is known of an entry that was sent more than once in one request.
    static func best(_ answers: [ClientAnswer]) -> ClientAnswer? {
        let registered = answers.first { if case .registered = $0 { true } else { false } }
        return registered ?? answers.first { if case .unknown = $0 { true } else { false } } ?? answers.first
    }

    /// Registers an entry.
    static func register(_ novo: NovoLancamento, _ trace: String, _ service: LancamentoService) async -> ClientAnswer {
        do throws(RegistrationFailure) {
            return ClientAnswer(.success(try await service.register(novo, registradoPor: nil, canal: .rest, traceparent: trace)))
        } catch {
            return ClientAnswer(.failure(error))
        }
    }

    /// Reverses an entry.
    static func reverse(_ id: LancamentoID, _ trace: String, _ service: LancamentoService) async -> ClientAnswer {
        do {
            let outcome = try await service.reverse(
                id, PedidoDeEstorno(), allows: { _ in true }, registradoPor: nil, canal: .rest, traceparent: trace)
            return ClientAnswer(.success(outcome))
        } catch {
            switch error {
            case .naoEncontrado: return .notFound
            case .recusado, .original(.storage): return .notRegistered
            case .original(.open): return .unknown(nil)
            case .registration(let failure): return ClientAnswer(.failure(failure))
            }
        }
    }

    /// Looks an entry up.
    static func find(_ id: LancamentoID, _ service: LancamentoService) async -> Result<Lancamento?, LookUpFailure> {
        do throws(LookUpFailure) { return .success(try await service.find(id)) } catch { return .failure(error) }
    }

    /// Looks an entry up by its account and key.
    static func find(keyOf novo: NovoLancamento, _ service: LancamentoService) async -> Result<Lancamento?, LookUpFailure> {
        var filtro = FiltroDeLancamentos(conta: .uma(novo.conta))
        filtro.chave = novo.chave
        do throws(LookUpFailure) {
            return .success(try await service.list(filtro, .newestFirst, after: nil, limit: 1).first)
        } catch {
            return .failure(error)
        }
    }
}
