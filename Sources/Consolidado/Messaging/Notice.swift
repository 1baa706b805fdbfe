package import Contrato
package import FluxoDeCaixa
package import Storage

/// A notice that a day has changed, to be sent.
package struct Notice: Sendable, Equatable {
    /// The contents of the day now.
    package let noticia: EventoConsolidadoAtualizado.Noticia
    /// The version that made the notice due. If the day has a newer version when the broker confirms, the notice stays due.
    package let dueVersao: Int64

    var chave: ChaveDeSaldo { ChaveDeSaldo(conta: self.noticia.conta, data: self.noticia.movimento.data) }
}

/// A day of an account.
package struct ChaveDeSaldo: Sendable, Hashable {
    package let conta: Conta
    package let data: Dia
}

/// The outcome of sending news.
package enum NoticeOutcome: Sendable, Equatable {
    /// The broker has it.
    case confirmed
    /// A queue refused it, or it cannot be sent at all; other queues may have it.
    case refused
    /// It may or may not have arrived.
    case unknown
}

/// Sends news to the broker.
package protocol NoticePublisher: Sendable {
    /// Whether news can be sent now: connected, everything declared, not blocked.
    var isReady: Bool { get }

    /// Sends news; returns the outcome of each, in order.
    func publish(_ notices: [Notice]) async -> [NoticeOutcome]
}

/// What is due, as the one instance that holds the lease sees it.
package protocol NoticeLease: Sendable {
    /// What is due, by account and day.
    /// - Parameter after: the day after which to begin; nil begins with the first.
    func due(after: ChaveDeSaldo?, limit: Int) async throws(StorageFailure) -> [Notice]

    /// The broker has these: those that have not changed since are not due any more.
    func confirmed(_ notices: [Notice]) async throws(StorageFailure)

    /// These are due again later, each time a little later, unless the day changes first.
    func postpone(_ notices: [Notice]) async throws(StorageFailure)
}
