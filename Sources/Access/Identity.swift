package import Contrato
package import FluxoDeCaixa

/// The caller, and what they may see and do.
package struct Identidade: Sendable, Equatable {
    /// The token's `sub`, 1–255 Unicode scalars.
    package let sub: String
    /// The accounts that the token names; empty: none.
    package let contas: [FiltroDeConta]
    private let escopos: Escopos

    private enum Escopos: Equatable {
        case all
        case these(Set<Escopo>)
    }

    package init(sub: String, contas: [FiltroDeConta], escopos: Set<Escopo>) {
        self.init(sub: sub, contas: contas, .these(escopos))
    }

    private init(sub: String, contas: [FiltroDeConta], _ escopos: Escopos) {
        self.sub = sub
        self.contas = contas
        self.escopos = escopos
    }

    /// Every caller where no token is required: may do everything.
    package static let anonimo = Identidade(sub: "anonimo", contas: [.todas], .all)
    /// The caller of an open route: may do nothing.
    package static let ninguem = Identidade(sub: "", contas: [], escopos: [])

    /// Whether the token names the account.
    package func permite(conta: Conta) -> Bool {
        self.contas.contains { $0.cobre(conta) }
    }

    /// Whether a single entry of the token covers the whole filter.
    package func permite(filtro: FiltroDeConta) -> Bool {
        self.contas.contains { $0.cobre(filtro) }
    }

    /// The filter of a call that names no account: the token's entry, if it has exactly one.
    package var filtroUnico: FiltroDeConta? {
        self.contas.count == 1 ? self.contas.first : nil
    }

    /// - Throws: `conta-nao-permitida` if the token does not name the account.
    package func exigir(conta: Conta) throws(Problema) {
        try self.exigirContas()
        guard self.permite(conta: conta) else { throw Self.contaNaoPermitida }
    }

    /// - Throws: `conta-nao-permitida` if no single entry of the token covers the whole filter.
    package func exigir(filtro: FiltroDeConta) throws(Problema) {
        try self.exigirContas()
        guard self.permite(filtro: filtro) else { throw Self.contaNaoPermitida }
    }

    /// For calls that name no account.
    ///
    /// - Throws: `conta-nao-permitida` if the token names no account at all.
    package func exigirContas() throws(Problema) {
        guard !self.contas.isEmpty else { throw Problema(.contaNaoPermitida, detail: "O token não dá acesso a nenhuma conta.") }
    }

    /// - Throws: `escopo-insuficiente` if the token does not have the scope.
    package func exigir(_ escopo: Escopo) throws(Problema) {
        guard self.has(escopo) else {
            throw Problema(.escopoInsuficiente, detail: "O token não tem o escopo \(escopo.rawValue).")
        }
    }

    private func has(_ escopo: Escopo) -> Bool {
        switch self.escopos {
        case .all: true
        case .these(let escopos): escopos.contains(escopo)
        }
    }

    private static let contaNaoPermitida = Problema(.contaNaoPermitida, detail: "O token não dá acesso a esta conta.")
}

/// What a token allows its holder to do: one word of the claim `scope` (RFC 8693 §4.2). The services define the words that they accept.
package struct Escopo: RawRepresentable, Sendable, Hashable {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }
}
