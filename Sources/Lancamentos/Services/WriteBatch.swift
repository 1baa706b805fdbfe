import FluxoDeCaixa

/// The state of one batch of registrations: which rows to send, which to settle afterwards, and the outcome of each request.
///
/// Of several registrations with the same account and key, or with the same reversed entry, only the earliest is sent, because one statement
/// cannot insert both. The others are settled against the stored entry.
struct WriteBatch: Sendable {
    let registrations: [Registration]
    /// The rows that go into the statement.
    let sent: [Registration]
    private var results: [Result<RegistrationOutcome, RegistrationFailure>?]

    init(_ registrations: [Registration]) {
        self.registrations = registrations
        self.results = Array(repeating: nil, count: registrations.count)
        var sent: [Registration] = []
        var seen: Set<Claim> = []
        for registration in registrations {
            let claims = Claim.all(of: registration.lancamento)
            guard seen.isDisjoint(with: claims) else { continue }
            seen.formUnion(claims)
            sent.append(registration)
        }
        self.sent = sent
    }

    /// Positions without a result yet.
    var unsettled: [Int] { self.results.indices.filter { self.results[$0] == nil } }

    /// Records what the statement stored.
    /// - Parameter seqs: the outbox row of each stored entry.
    /// - Returns: the stored registrations, each with its outbox row.
    mutating func registered(_ seqs: [LancamentoID: Int64]) -> [Registration] {
        var stored: [Registration] = []
        stored.reserveCapacity(seqs.count)
        for (position, var registration) in self.registrations.enumerated() {
            guard let seq = seqs[registration.lancamento.id] else { continue }
            self.results[position] = .success(.criado(registration.lancamento))
            registration.seq = seq
            stored.append(registration)
        }
        return stored
    }

    /// Settles the open positions with the stored entries that answer them.
    /// - Parameter found: in the order of ``unsettled``.
    /// - Returns: the number of positions without a stored entry; 0 after a committed statement.
    mutating func settled(_ found: [Registration?]) -> Int {
        var missing = 0
        for (position, stored) in zip(self.unsettled, found) {
            guard let stored else {
                missing += 1
                continue
            }
            self.results[position] = Self.answer(self.registrations[position], stored)
        }
        return missing
    }

    /// Fails every open position.
    mutating func failRest(_ failure: (Lancamento) -> RegistrationFailure) {
        for position in self.unsettled { self.results[position] = .failure(failure(self.registrations[position].lancamento)) }
    }

    /// The outcome of each registration. Every position has a result once the batch has run.
    var outcomes: [Result<RegistrationOutcome, RegistrationFailure>] {
        zip(self.registrations, self.results).map { registration, result in
            result ?? .failure(.resultadoDesconhecido(registration.lancamento.id))
        }
    }

    private static func answer(
        _ registration: Registration,
        _ stored: Registration
    ) -> Result<RegistrationOutcome, RegistrationFailure> {
        if stored.lancamento.id == registration.lancamento.id { return .success(.criado(registration.lancamento)) }
        // The reversed entry is the key of an estorno: a second one is answered with the first, whatever its content.
        if registration.lancamento.estornoDe != nil { return .success(.repetido(stored.lancamento)) }
        return stored.conteudo == registration.conteudo ? .success(.repetido(stored.lancamento)) : .failure(.chaveComOutroConteudo)
    }
}
