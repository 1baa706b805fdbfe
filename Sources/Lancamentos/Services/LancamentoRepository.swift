package import FluxoDeCaixa

/// What the service needs of the store of entries.
package protocol LancamentoRepository: Sendable {
    /// Stores those that conflict with nothing, each with its outbox record, in one transaction.
    /// - Returns: the outbox records of the entries stored by this call; those of the others were stored before or conflict.
    func insert(_ registros: [RegistroDeLancamento]) async throws(FalhaDeArmazenamento) -> [RegistroNaOutbox]

    /// Finds for each registration the stored entry that answers it: the one of its id, else of its account and key, else the reversal of the
    /// same entry; nil where there is none.
    func settle(_ registros: [RegistroDeLancamento]) async throws(FalhaDeArmazenamento) -> [LancamentoArmazenado?]

    /// One entry.
    func find(_ id: LancamentoID) async throws(FalhaDeArmazenamento) -> Lancamento?

    /// The entries that a filter means, in the order of their ids, which is nearly that of their registration.
    /// - Parameters:
    ///   - last: the entry after which to begin; nil begins at the first.
    ///   - limit: how many at most.
    func list(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: LancamentoID?, limit: Int
    ) async throws(FalhaDeArmazenamento) -> [Lancamento]
}

/// The order of a list of entries.
package enum ListOrder: Sendable {
    case newestFirst
    case oldestFirst
}

/// An outbox record that a commit has just made.
package struct RegistroNaOutbox: Sendable, Hashable {
    package let seq: Int64
    package let id: LancamentoID

    package init(seq: Int64, id: LancamentoID) {
        self.seq = seq
        self.id = id
    }
}

/// A stored entry with the hash of the content it came with.
package struct LancamentoArmazenado: Sendable, Equatable {
    package let lancamento: Lancamento
    package let conteudo: [UInt8]?

    package init(lancamento: Lancamento, conteudo: [UInt8]?) {
        self.lancamento = lancamento
        self.conteudo = conteudo
    }
}

/// What went wrong with the store, as far as the service decides by it.
package enum FalhaDeArmazenamento: Error, Sendable, Equatable {
    /// Nothing was sent, or the store refused and rolled back: the same call may succeed later.
    case indisponivel
    /// Nothing was sent: too many wait for a connection already.
    case sobrecarga
    /// The call was sent and no answer came: it may have been committed.
    case desfechoDesconhecido
    /// The store refuses the data.
    case dados
}
