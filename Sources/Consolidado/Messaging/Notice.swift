package import Contrato
package import FluxoDeCaixa

/// A day whose news is to be sent.
package struct Notice: Sendable, Equatable {
    /// What the day holds now.
    package let noticia: EventoConsolidadoAtualizado.Noticia
    /// The version for which the news is due: if the day has another by the time of the confirm, it is due again.
    package let dueVersao: Int64

    package init(noticia: EventoConsolidadoAtualizado.Noticia, dueVersao: Int64) {
        self.noticia = noticia
        self.dueVersao = dueVersao
    }

    var chave: ChaveDeSaldo { ChaveDeSaldo(conta: self.noticia.conta, data: self.noticia.movimento.data) }
}

/// A day of an account.
package struct ChaveDeSaldo: Sendable, Hashable {
    package let conta: Conta
    package let data: Dia

    package init(conta: Conta, data: Dia) {
        self.conta = conta
        self.data = data
    }
}

/// What became of news.
package enum NoticeOutcome: Sendable, Equatable {
    /// The broker has it.
    case confirmed
    /// Some queue refused it, or it can never be sent as it is; other queues may have it.
    case refused
    /// It may have arrived or not.
    case unknown
}

/// Sends news to the broker.
package protocol NoticePublisher: Sendable {
    /// Whether news can be sent now: connected, everything declared, not blocked.
    var isReady: Bool { get }

    /// Sends news; returns once the fate of each is known, in order.
    func publish(_ notices: [Notice]) async -> [NoticeOutcome]
}

/// One instance's exclusive look at what is due, for as long as the connection behind it lives.
package protocol NoticeLease: Sendable {
    /// What is due, by account and day.
    /// - Parameter after: the day after which to look; nil begins with the first.
    func due(after: ChaveDeSaldo?, limit: Int) async throws(FalhaDeArmazenamento) -> [Notice]

    /// The broker has these: what has not changed since is not due any more.
    func confirmed(_ notices: [Notice]) async throws(FalhaDeArmazenamento)

    /// These are due again later, each time a little later, unless the day changes first.
    func postpone(_ notices: [Notice]) async throws(FalhaDeArmazenamento)

    /// Gives the lease back.
    func release() async
}

/// Hands out the lease.
package protocol NoticeLeaseSource: Sendable {
    /// The lease, or nil while another instance holds it.
    func acquire() async throws(FalhaDeArmazenamento) -> (any NoticeLease)?
}
