import Contrato
import Edge
import FluxoDeCaixa
import Storage

extension ProblemaHTTP {
    /// The answer to a failed estorno. Its key is the id of the original, so repeating the request is safe.
    /// - Parameter original: the entry to reverse.
    init(_ failure: EstornoFailure, original: LancamentoID) {
        switch failure {
        case .naoEncontrado: self.init(LancamentoController.naoEncontrado)
        case .recusado(.estornoDeEstorno):
            self.init(Problema(.estornoDeEstorno, detail: "Este lançamento já é um estorno; registre um novo lançamento."))
        case .recusado(.dataAntesDoOriginal):
            self.init(Self.data("Não pode ser antes da data do lançamento estornado."))
        case .recusado(.dataDepoisDeAmanha):
            self.init(Self.data("Não pode ser depois de amanhã."))
        case .original(let failure): self.init(failure, id: original)
        case .registration(.resultadoDesconhecido(let id)):
            let detail = "Não se sabe se o estorno foi registrado. Repita o pedido: o mesmo lançamento nunca é estornado duas vezes."
            self.init(Problema(.resultadoDesconhecido, detail: detail, id: id), retryAfterS: 1)
        case .registration(let failure): self.init(failure, temChave: true)
        }
    }

    private static func data(_ mensagem: String) -> Problema {
        Problema(ErrosDeCampo(campo: "data", codigo: .foraDoIntervalo, mensagem: mensagem))
    }

    /// The answer for an entry that was not, or may not have been, registered.
    /// - Parameter temChave: whether the entry has a key, so that repeating the request is safe.
    init(_ failure: RegistrationFailure, temChave: Bool) {
        switch failure {
        case .chaveComOutroConteudo:
            self.init(
                Problema(
                    .chaveComOutroConteudo,
                    detail: "Esta chave de idempotência já registrou, nesta conta, um lançamento com outro conteúdo.")
            )
        case .sobrecarga:
            self.init(Problema(.sobrecarga, detail: "Há pedidos demais em espera; este não foi registrado."))
        case .bancoIndisponivel:
            self.init(Problema(.bancoIndisponivel, detail: "O banco de dados não responde; o lançamento não foi registrado."))
        case .bancoRecusa:
            self.init(Problema(.bancoIndisponivel, detail: "O banco de dados recusa gravações agora; o lançamento não foi registrado."))
        case .resultadoDesconhecido(let id):
            let detail =
                temChave
                ? "Não se sabe se o lançamento foi registrado. Repita o pedido com a mesma chave de idempotência."
                : "Não se sabe se o lançamento foi registrado. Consulte-o pelo `id` antes de repetir; um 404 só vale depois de 30 s."
            self.init(Problema(.resultadoDesconhecido, detail: detail, id: id), retryAfterS: temChave ? 1 : nil)
        }
    }

    /// The answer to a look-up without a result. Asking again is safe.
    /// - Parameter id: the entry that was looked up; nil if it was looked up by its key.
    init(_ failure: LookUpFailure, id: LancamentoID?) {
        switch failure {
        case .storage(let failure): self.init(failure)
        case .open:
            let detail = "O lançamento não foi encontrado, mas uma gravação em andamento ainda pode registrá-lo. Consulte de novo."
            self.init(Problema(.resultadoDesconhecido, detail: detail, id: id), retryAfterS: 1)
        }
    }

    /// The answer to a failed read.
    init(_ failure: StorageFailure) {
        switch failure {
        case .overloaded: self.init(Problema(.sobrecarga, detail: "Há pedidos demais em espera."))
        case .refused: self.init(Problema(.bancoIndisponivel, detail: "O banco de dados recusa consultas agora."))
        case .unavailable, .lockHeld, .earlierCallsOpen, .outcomeUnknown, .invalidData:
            self.init(Problema(.bancoIndisponivel, detail: "O banco de dados não responde."))
        }
    }
}
