import FluxoDeCaixa

/// One batch of registrations on its way through the database: which rows to send, which to settle afterwards, what each request is told.
///
/// Of several registrations with the same account and key (or reversing the same entry) only the earliest is sent: one statement cannot insert
/// both, and the later ones are settled against what is stored.
struct WriteBatch: Sendable {
    let registros: [RegistroDeLancamento]
    /// Positions of the rows that go into the statement.
    let sent: [Int]
    private var results: [Result<ResultadoDeRegistro, FalhaDeRegistro>?]
    private var positionOfID: [LancamentoID: Int] = [:]

    init(_ registros: [RegistroDeLancamento]) {
        self.registros = registros
        self.results = Array(repeating: nil, count: registros.count)
        var sent: [Int] = []
        var seen: Set<Claim> = []
        for (position, registro) in registros.enumerated() {
            self.positionOfID[registro.lancamento.id] = position
            let claims = Claim.all(of: registro.lancamento)
            guard seen.isDisjoint(with: claims) else { continue }
            seen.formUnion(claims)
            sent.append(position)
        }
        self.sent = sent
    }

    /// What only one entry can hold.
    private enum Claim: Hashable {
        case chave(Conta, Chave)
        case estorno(LancamentoID)

        static func all(of lancamento: Lancamento) -> [Claim] {
            var claims: [Claim] = []
            if let chave = lancamento.chave { claims.append(.chave(lancamento.conta, chave)) }
            if let original = lancamento.estornoDe { claims.append(.estorno(original)) }
            return claims
        }
    }

    /// The rows for the statement.
    var rowsToSend: [RegistroDeLancamento] { self.sent.map { self.registros[$0] } }

    /// Positions without a result yet.
    var unsettled: [Int] { self.results.indices.filter { self.results[$0] == nil } }

    /// The statement has stored these.
    mutating func inserted(_ rows: [RegistroNaOutbox]) {
        for row in rows {
            guard let position = self.positionOfID[row.id] else { continue }
            self.results[position] = .success(.criado(self.registros[position].lancamento))
        }
    }

    /// What the store holds for the unsettled positions, in their order.
    /// - Returns: how many are answered by nothing that is stored, which cannot be after a statement that was committed.
    mutating func settled(_ found: [LancamentoArmazenado?]) -> Int {
        var missing = 0
        for (position, stored) in zip(self.unsettled, found) {
            guard let stored else {
                missing += 1
                continue
            }
            self.results[position] = Self.answer(self.registros[position], stored)
        }
        return missing
    }

    /// Everything still open ends the same way.
    mutating func failRest(_ failure: (LancamentoID) -> FalhaDeRegistro) {
        for position in self.unsettled { self.results[position] = .failure(failure(self.registros[position].lancamento.id)) }
    }

    /// What each request is told. Every position has its result once the batch has run.
    var outcomes: [Result<ResultadoDeRegistro, FalhaDeRegistro>] {
        zip(self.registros, self.results).map { registro, result in
            result ?? .failure(.resultadoDesconhecido(registro.lancamento.id))
        }
    }

    private static func answer(
        _ registro: RegistroDeLancamento,
        _ stored: LancamentoArmazenado
    ) -> Result<ResultadoDeRegistro, FalhaDeRegistro> {
        if stored.lancamento.id == registro.lancamento.id { return .success(.criado(registro.lancamento)) }
        // The original is an estorno's key: a second one gets the first, whatever it says.
        if registro.lancamento.estornoDe != nil { return .success(.repetido(stored.lancamento)) }
        return stored.conteudo == registro.conteudo ? .success(.repetido(stored.lancamento)) : .failure(.chaveComOutroConteudo)
    }
}
