package import Contrato
package import FluxoDeCaixa
package import Storage

/// The store of balances, as the consolidation uses it.
package protocol SaldoRepository: Sendable {
    /// Applies new entries to their accounts, days and months in one transaction.
    /// - Parameter entries: have distinct ids.
    /// - Returns: the ids that were new.
    func apply(_ entries: [LancamentoAplicavel]) async throws(ApplyFailure) -> Set<LancamentoID>

    /// Returns the stored entries with these ids.
    func applied(_ ids: [LancamentoID]) async throws(ApplyFailure) -> [LancamentoID: LancamentoAplicavel]

    /// Returns the accounts of the entries that cannot be changed now, because another session holds one of their rows. It does not wait.
    func lockedAccounts(of entries: [LancamentoAplicavel]) async throws(ApplyFailure) -> Set<Conta>
}

/// Why entries were not applied, by what remains to be done.
package enum ApplyFailure: Error, Sendable, Equatable {
    /// Another session holds a row, or was waiting for one of this session's: a matter of some account, which others need not wait for.
    case rowLocked
    /// The database answers and refuses, perhaps because of one account: a damaged page or index, a limit, a trigger of the operator's.
    case refused
    /// The database refuses the data.
    case invalidData
    /// The database cannot be used, or gave no answer. The entries may have been applied.
    case unavailable
}

/// The store of balances, as the reading services use it. Each call reads one snapshot.
package protocol SaldoReadRepository: Sendable {
    /// Returns periods of single accounts, in the given order.
    func saldos(_ pedidos: [PedidoDeSaldo]) async throws(StorageFailure) -> [SaldoDoPeriodo]

    /// Returns a period of the sum of several accounts.
    func soma(_ periodo: Periodo, of filtro: FiltroDeConta) async throws(StorageFailure) -> SaldoDoPeriodo

    /// Returns accounts by name, each once.
    /// - Parameters:
    ///   - filtros: each account is covered by at least one of them.
    ///   - after: the list begins after this account.
    func contas(_ filtros: [FiltroDeConta], after: String?, limit: Int) async throws(StorageFailure) -> [ResumoDeConta]

    /// Returns the accounts of those of the entries that are applied.
    func contasDosAplicados(_ ids: [LancamentoID]) async throws(StorageFailure) -> [LancamentoID: Conta]
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

extension ReadFailure {
    init(_ failure: StorageFailure) {
        self = failure == .overloaded ? .sobrecarga : .indisponivel
    }
}
