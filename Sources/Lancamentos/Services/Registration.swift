package import FluxoDeCaixa

/// An entry with what its transaction stores beside it: the one form that the batcher, the store and the relay pass on.
package struct Registration: Sendable, Equatable {
    package let lancamento: Lancamento
    /// The versioned hash of what was sent; nil without a key, and where the store was not asked for it.
    package let conteudo: [UInt8]?
    /// W3C trace context of the request that registered the entry; its event carries it on.
    package let traceparent: String?
    /// The outbox row of the entry's event; nil before the insert, and where the outbox was not read.
    package var seq: Int64?

    package init(lancamento: Lancamento, conteudo: [UInt8]? = nil, traceparent: String? = nil, seq: Int64? = nil) {
        self.lancamento = lancamento
        self.conteudo = conteudo
        self.traceparent = traceparent
        self.seq = seq
    }
}

/// The outcome of a registration.
package enum RegistrationOutcome: Sendable, Equatable {
    /// The entry is committed together with its outbox record.
    case criado(Lancamento)
    /// The key, or the reversed entry, was registered before with the same content: that entry as it is now.
    case repetido(Lancamento)
}

/// Why an entry was not registered, or may not have been.
package enum RegistrationFailure: Error, Sendable, Equatable {
    /// The key belongs to an entry with other content. Nothing was registered.
    case chaveComOutroConteudo
    /// The queue is full. Nothing was registered.
    case sobrecarga
    /// The database is unavailable. Nothing was registered.
    case bancoIndisponivel
    /// The database answers and refuses writes. Nothing was registered.
    case bancoRecusa
    /// The statement was sent and its outcome is still unknown after the time limit, or an earlier attempt with the same key or of the same
    /// estorno may still commit: the entry that may be registered; nil if another process made it.
    case resultadoDesconhecido(LancamentoID?)
}

/// Why an entry was not reversed, or may not have been.
package enum EstornoFailure: Error, Sendable, Equatable {
    /// The entry does not exist, or the caller may not see it.
    case naoEncontrado
    /// A rule of estornos forbids it.
    case recusado(EstornoRecusado)
    /// The original could not be looked up.
    case original(LookUpFailure)
    /// The estorno was not, or may not have been, registered.
    case registration(RegistrationFailure)
}
