package import Contrato
package import HTTPTypes

/// A ``Problema`` with what only HTTP says of it. Handlers throw it where the name alone does not tell `Retry-After`.
package struct ProblemaHTTP: Error {
    package let problema: Problema
    /// Value of `Retry-After`, in seconds; `nil`: the header is left out.
    package let retryAfterS: Int?
    /// Further headers.
    package var headers = HTTPFields()

    package init(_ problema: Problema, retryAfterS: Int?) {
        self.problema = problema
        self.retryAfterS = retryAfterS
    }

    /// With the wait that suits the name: `resultado-desconhecido` has none, because repeating it blindly could register twice.
    package init(_ problema: Problema) {
        self.problema = problema
        self.retryAfterS =
            switch problema.nome {
            case .sobrecarga, .limiteDeTaxa, .aindaNaoConsolidado: 1
            case .bancoIndisponivel: 2
            default: nil
            }
    }
}
