package import FluxoDeCaixa

/// What the reading services need of the store of balances. Each call shows one moment.
package protocol SaldoReadRepository: Sendable {
    /// A period each of single accounts, in the order asked for.
    func saldos(_ pedidos: [PedidoDeSaldo]) async throws(FalhaDeArmazenamento) -> [SaldoDoPeriodo]

    /// A period of the sum of several accounts.
    func soma(_ periodo: Periodo, of filtro: FiltroDeConta) async throws(FalhaDeArmazenamento) -> SaldoDoPeriodo

    /// Accounts by name, each once.
    /// - Parameters:
    ///   - filtros: of which at least one covers each account.
    ///   - after: the account after which the list begins.
    func contas(_ filtros: [FiltroDeConta], after: String?, limit: Int) async throws(FalhaDeArmazenamento) -> [ResumoDeConta]

    /// The accounts of those entries among these that are applied.
    func contasDosAplicados(_ ids: [LancamentoID]) async throws(FalhaDeArmazenamento) -> [LancamentoID: Conta]
}

/// Which balances are asked for: a period of an account.
package struct PedidoDeSaldo: Sendable, Hashable {
    package let conta: Conta
    package let periodo: Periodo

    package init(conta: Conta, periodo: Periodo) {
        self.conta = conta
        self.periodo = periodo
    }
}

/// Why a read has no answer.
package enum ReadFailure: Error, Sendable, Equatable {
    /// The database does not answer.
    case indisponivel
    /// Too many reads wait already.
    case sobrecarga
    /// The entries that the balance was to contain are not in it within the wait.
    case aindaNaoConsolidado
}
