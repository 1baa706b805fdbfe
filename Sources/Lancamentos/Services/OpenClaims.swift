import DequeModule
import FluxoDeCaixa

/// What at most one entry can have.
enum Claim: Hashable, Sendable {
    case chave(Conta, Chave)
    case estorno(LancamentoID)

    static func all(of lancamento: Lancamento) -> [Claim] {
        var claims: [Claim] = []
        if let chave = lancamento.chave { claims.append(.chave(lancamento.conta, chave)) }
        if let original = lancamento.estornoDe { claims.append(.estorno(original)) }
        return claims
    }
}

/// The claims of registrations that this process answered with an unknown outcome: their transactions may still commit.
///
/// A later request with the same claim that cannot reach the database must not be answered with a failure that means "not registered". A
/// claim is forgotten only when ``countMax`` newer ones are open. Until then a request whose claim was settled meanwhile may be answered
/// with an unknown outcome too, which is safe to repeat.
struct OpenClaims: Sendable {
    let countMax: Int
    /// The entry of the first attempt with each claim; nil if another process made it.
    private var ids: [Claim: LancamentoID?] = [:]
    private var order: Deque<Claim> = []

    init(countMax: Int) {
        self.countMax = countMax
    }

    /// Records a failure and returns the one to answer with: an unknown outcome instead of "not registered" where an earlier attempt is open.
    mutating func note(_ failure: RegistrationFailure, of lancamento: Lancamento) -> RegistrationFailure {
        switch failure {
        case .chaveComOutroConteudo: return failure
        case .sobrecarga, .bancoIndisponivel, .bancoRecusa: return self.first(of: lancamento).map { .resultadoDesconhecido($0) } ?? failure
        case .resultadoDesconhecido(let id):
            let first = self.first(of: lancamento)
            for claim in Claim.all(of: lancamento) { self.remember(id, for: claim) }
            return id == nil ? .resultadoDesconhecido(first ?? nil) : failure
        }
    }

    /// Records that an attempt with this claim was answered with an unknown outcome.
    /// - Parameter id: its entry; nil if it is not known.
    mutating func remember(_ id: LancamentoID?, for claim: Claim) {
        guard !self.isOpen(claim) else { return }
        self.ids.updateValue(id, forKey: claim)
        self.order.append(claim)
        if self.order.count > self.countMax, let oldest = self.order.popFirst() { self.ids.removeValue(forKey: oldest) }
    }

    /// Whether an attempt with this claim was answered with an unknown outcome.
    func isOpen(_ claim: Claim) -> Bool { self.ids.keys.contains(claim) }

    /// The first attempt with the same claim whose outcome is open: its entry, as far as it is known; nil if there is none.
    private func first(of lancamento: Lancamento) -> LancamentoID?? {
        if self.ids.isEmpty { return nil }
        return Claim.all(of: lancamento).lazy.compactMap { self.ids[$0] }.first
    }
}
