import Contrato
import Edge
import FluxoDeCaixa

/// The outcome of one entry of a lote. A line is one of a file, from 1, where the entry begins; nil for JSON, whose entries are counted.
enum EntryOutcome: Equatable, Sendable {
    case registered(LancamentoID)
    /// Only a simulation says where an entry of a file begins that is registered already.
    case replayed(LancamentoID, line: Int?)
    /// A simulated entry that would be registered.
    case wouldRegister(Tipo, Valor, Dia, line: Int?)
    /// A simulated entry that would repeat an earlier one of the same lote.
    case wouldRepeat(line: Int?)
    case failed(RegistrationFailure, temChave: Bool, line: Int?)
    /// Refused. The entry's bytes, which are smaller than the answer, give the reason when they are read again.
    case refused([UInt8])
    /// A row of a file that is refused. The entry that was made of it can be much larger than the row, so its bytes are not kept.
    case refusedRow(Problema, line: Int)
    case tooLarge(line: Int?)
    /// A row of a file that is no entry.
    case malformed(RowFault, line: Int?)
    /// The reading ended here: the last answer.
    case ended(Problema)

    /// The line of a file that this is about.
    var line: Int? {
        switch self {
        case .refusedRow(_, let line): line
        case .replayed(_, let line), .wouldRegister(_, _, _, let line), .wouldRepeat(let line), .failed(_, _, let line),
            .tooLarge(let line), .malformed(_, let line):
            line
        case .registered, .refused, .ended: nil
        }
    }

    /// The outcome of an entry that is refused.
    /// - Parameter place: where the file has what a member says.
    init(_ problema: Problema, bytes: [UInt8], line: Int?, place: (String) -> String?) {
        if let line { self = .refusedRow(problema.placed(place), line: line) } else { self = .refused(bytes) }
    }

    /// - Parameter place: where the file has what a member says.
    init(
        _ result: Result<RegistrationOutcome, RegistrationFailure>, temChave: Bool, line: Int?, place: (String) -> String?
    ) {
        switch result {
        case .success(.criado(let lancamento)): self = .registered(lancamento.id)
        case .success(.repetido(let lancamento)): self = .replayed(lancamento.id, line: nil)
        case .failure(let failure): self = EntryOutcome(failure, temChave: temChave, line: line, place: place)
        }
    }

    /// - Parameter place: where the file has what a member says.
    init(_ result: Result<SimulatedOutcome, RegistrationFailure>, temChave: Bool, line: Int?, place: (String) -> String?) {
        switch result {
        case .success(.seriaCriado(let novo)): self = .wouldRegister(novo.tipo, novo.valor, novo.data, line: line)
        case .success(.repetiriaAnterior): self = .wouldRepeat(line: line)
        case .success(.repetido(let lancamento)): self = .replayed(lancamento.id, line: line)
        case .failure(let failure): self = EntryOutcome(failure, temChave: temChave, line: line, place: place)
        }
    }

    private init(_ failure: RegistrationFailure, temChave: Bool, line: Int?, place: (String) -> String?) {
        guard let line, case .chaveComOutroConteudo = failure else {
            self = .failed(failure, temChave: temChave, line: line)
            return
        }
        self = .refusedRow(ProblemaHTTP(failure, temChave: temChave).problema.placed(place), line: line)
    }
}

extension Problema {
    /// The problem of an entry of a file, with the place in the file beside each member at fault.
    fileprivate func placed(_ place: (String) -> String?) -> Problema {
        func withPlace(_ text: String, of member: String) -> String { place(member).map { "\(text) No arquivo: \($0)." } ?? text }
        var problema = self
        if self.nome == .chaveInvalida || self.nome == .chaveComOutroConteudo { problema.detail = withPlace(self.detail, of: "chave") }
        problema.erros = self.erros.map { erro in
            // A fault inside `metadados` has a dotted path.
            let member = String(erro.campo.prefix { $0 != "." })
            return ErroDeCampo(campo: erro.campo, codigo: erro.codigo, mensagem: withPlace(erro.mensagem, of: member))
        }
        return problema
    }
}
