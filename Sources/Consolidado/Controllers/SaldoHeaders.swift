import Contrato
import Edge
import HTTPTypes

/// Headers of every read.
enum SaldoHeaders {
    /// A balance changes at any moment and belongs to who may see it: no cache may keep it unasked.
    static let standard: HTTPFields = [.cacheControl: "private, no-cache", .vary: "Accept, Accept-Encoding, Authorization"]
}

extension ProblemaHTTP {
    /// The answer to a read that failed.
    init(_ falha: ReadFailure) {
        let problema =
            switch falha {
            case .indisponivel: Problema(.bancoIndisponivel, detail: "O banco de dados não responde.")
            case .sobrecarga: Problema(.sobrecarga, detail: "Há leituras demais esperando.")
            case .aindaNaoConsolidado:
                Problema(.aindaNaoConsolidado, detail: "Algum dos lançamentos de `apos` ainda não está no saldo pedido.")
            }
        self.init(problema)
    }
}
