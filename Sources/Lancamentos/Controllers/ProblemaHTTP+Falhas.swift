import Contrato
import FluxoDeCaixa
import ServiceKit

extension ProblemaHTTP {
    /// The answer for an entry that was not, or may not have been, registered.
    /// - Parameter temChave: whether repeating the request is safe.
    init(_ falha: FalhaDeRegistro, temChave: Bool) {
        switch falha {
        case .chaveComOutroConteudo:
            self.init(
                Problema(
                    .chaveComOutroConteudo, detail: "Esta Idempotency-Key já registrou, nesta conta, um lançamento com outro conteúdo.")
            )
        case .sobrecarga:
            self.init(Problema(.sobrecarga, detail: "Há pedidos demais em espera; este não foi registrado."))
        case .bancoIndisponivel:
            self.init(Problema(.bancoIndisponivel, detail: "O banco de dados não responde; o lançamento não foi registrado."))
        case .resultadoDesconhecido(let id):
            let detail =
                temChave
                ? "Não se sabe se o lançamento foi registrado. Repita o pedido com a mesma Idempotency-Key."
                : "Não se sabe se o lançamento foi registrado. Consulte-o pelo `id` antes de repetir; um 404 só vale depois de 30 s."
            self.init(Problema(.resultadoDesconhecido, detail: detail, id: id), retryAfterS: temChave ? 1 : nil)
        }
    }

    /// The answer to a read that the store could not serve.
    init(_ falha: FalhaDeArmazenamento) {
        switch falha {
        case .sobrecarga: self.init(Problema(.sobrecarga, detail: "Há pedidos demais em espera."))
        case .indisponivel, .desfechoDesconhecido, .dados:
            self.init(Problema(.bancoIndisponivel, detail: "O banco de dados não responde."))
        }
    }
}
