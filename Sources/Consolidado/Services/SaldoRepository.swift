package import Contrato
package import FluxoDeCaixa

/// The store of balances, as the consolidation uses it.
package protocol SaldoRepository: Sendable {
    /// Applies new entries to their accounts, days and months in one transaction.
    /// - Parameter entries: have distinct ids.
    /// - Returns: the ids that were new.
    func apply(_ entries: [LancamentoAplicavel]) async throws(FalhaDeArmazenamento) -> Set<LancamentoID>

    /// Returns the stored entries with these ids.
    func applied(_ ids: [LancamentoID]) async throws(FalhaDeArmazenamento) -> [LancamentoID: LancamentoAplicavel]
}

/// What went wrong with the store, as far as the services decide by it.
package enum FalhaDeArmazenamento: Error, Sendable, Equatable {
    /// The same call may succeed later; calls are idempotent, so it does not matter whether this one was carried out.
    case indisponivel
    /// The store refuses the data.
    case dados
}

/// The store of balances, as the reading services use it. Each call reads one snapshot.
package protocol SaldoReadRepository: Sendable {
    /// Returns periods of single accounts, in the given order.
    func saldos(_ pedidos: [PedidoDeSaldo]) async throws(FalhaDeArmazenamento) -> [SaldoDoPeriodo]

    /// Returns a period of the sum of several accounts.
    func soma(_ periodo: Periodo, of filtro: FiltroDeConta) async throws(FalhaDeArmazenamento) -> SaldoDoPeriodo

    /// Returns accounts by name, each once.
    /// - Parameters:
    ///   - filtros: each account is covered by at least one of them.
    ///   - after: the list begins after this account.
    func contas(_ filtros: [FiltroDeConta], after: String?, limit: Int) async throws(FalhaDeArmazenamento) -> [ResumoDeConta]

    /// Returns the accounts of those of the entries that are applied.
    func contasDosAplicados(_ ids: [LancamentoID]) async throws(FalhaDeArmazenamento) -> [LancamentoID: Conta]
}

/// The balances that a read asks for: a period of an account.
package struct PedidoDeSaldo: Sendable, Hashable {
    package let conta: Conta
    package let periodo: Periodo

    package init(conta: Conta, periodo: Periodo) {
        self.conta = conta
        self.periodo = periodo
    }
}

/// The reason why a read has no answer.
package enum ReadFailure: Error, Sendable, Equatable {
    /// The database does not answer.
    case indisponivel
    /// Too many reads are waiting.
    case sobrecarga
    /// The awaited entries were not in the balance in time.
    case aindaNaoConsolidado
}
