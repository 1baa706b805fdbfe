package import FluxoDeCaixa

/// An entry on its way into the database, with what the transaction stores beside it.
package struct RegistroDeLancamento: Sendable {
    /// The entry as it will read.
    package let lancamento: Lancamento
    /// The versioned hash of what was sent; only of entries with a key.
    package let conteudo: [UInt8]?
    /// W3C trace context of the request, which the event carries on.
    package let traceparent: String?

    package init(lancamento: Lancamento, conteudo: [UInt8]?, traceparent: String?) {
        self.lancamento = lancamento
        self.conteudo = conteudo
        self.traceparent = traceparent
    }
}

/// What became of a registration.
package enum ResultadoDeRegistro: Sendable, Equatable {
    /// The entry is committed together with its outbox record.
    case criado(Lancamento)
    /// The key, or the reversed entry, was seen before with the same content: the entry as it is now.
    case repetido(Lancamento)
}

/// Why an entry was not registered, or may not have been.
package enum FalhaDeRegistro: Error, Sendable, Equatable {
    /// The key was used before with other content. Certainly not registered.
    case chaveComOutroConteudo
    /// More is waiting than the service takes. Certainly not registered.
    case sobrecarga
    /// The database cannot be reached. Certainly not registered.
    case bancoIndisponivel
    /// The statement was sent and its outcome could not be settled in time.
    case resultadoDesconhecido(LancamentoID)
}

/// Why an entry was not reversed, or may not have been.
package enum FalhaDeEstorno: Error, Sendable, Equatable {
    /// No such entry, or none that the caller may see.
    case naoEncontrado
    /// The rules of estornos forbid it.
    case recusado(EstornoRecusado)
    /// The original could not be read.
    case armazenamento(FalhaDeArmazenamento)
    /// The estorno was not, or may not have been, registered.
    case registro(FalhaDeRegistro)
}
