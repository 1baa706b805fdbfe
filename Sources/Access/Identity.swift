package import Contrato
package import FluxoDeCaixa

/// The caller, and what they may see and do.
package struct Identity: Sendable, Equatable {
    /// The token's `sub`, 1–255 Unicode scalars.
    package let sub: String
    /// The accounts that the token names; empty: none.
    package let contas: [FiltroDeConta]
    /// When the token is no longer accepted; nil: never.
    package let validUntil: Instante?
    private let scopes: Scopes

    private enum Scopes: Equatable {
        case all
        case these(Set<Scope>)
    }

    package init(sub: String, contas: [FiltroDeConta], scopes: Set<Scope>, validUntil: Instante? = nil) {
        self.init(sub: sub, contas: contas, .these(scopes), validUntil: validUntil)
    }

    private init(sub: String, contas: [FiltroDeConta], _ scopes: Scopes, validUntil: Instante? = nil) {
        self.sub = sub
        self.contas = contas
        self.validUntil = validUntil
        self.scopes = scopes
    }

    /// The caller when `auth.modo` is `nenhum`: may do everything.
    package static let anonymous = Identity(sub: "anonimo", contas: [.todas], .all)
    /// The caller of an open route: may do nothing.
    package static let nobody = Identity(sub: "", contas: [], scopes: [])

    package func allows(conta: Conta) -> Bool {
        self.contas.contains { $0.cobre(conta) }
    }

    /// Whether a single entry of the token covers the whole filter.
    package func allows(filtro: FiltroDeConta) -> Bool {
        self.contas.contains { $0.cobre(filtro) }
    }

    /// The filter of a call that names no account: the token's entry, if it has exactly one.
    package var onlyFilter: FiltroDeConta? {
        self.contas.count == 1 ? self.contas.first : nil
    }

    /// - Throws: `conta-nao-permitida` if the token does not name the account.
    package func require(conta: Conta) throws(Problema) {
        try self.requireAnyConta()
        guard self.allows(conta: conta) else { throw Self.contaNaoPermitida }
    }

    /// - Throws: `conta-nao-permitida` if no single entry of the token covers the whole filter.
    package func require(filtro: FiltroDeConta) throws(Problema) {
        try self.requireAnyConta()
        guard self.allows(filtro: filtro) else { throw Self.contaNaoPermitida }
    }

    /// For calls that name no account.
    ///
    /// - Throws: `conta-nao-permitida` if the token names no account at all.
    package func requireAnyConta() throws(Problema) {
        guard !self.contas.isEmpty else { throw Problema(.contaNaoPermitida, detail: "O token não dá acesso a nenhuma conta.") }
    }

    /// - Throws: `escopo-insuficiente` if the token does not have the scope.
    package func require(_ scope: Scope) throws(Problema) {
        guard self.has(scope) else {
            throw Problema(.escopoInsuficiente, detail: "O token não tem o escopo \(scope.rawValue).")
        }
    }

    private func has(_ scope: Scope) -> Bool {
        switch self.scopes {
        case .all: true
        case .these(let scopes): scopes.contains(scope)
        }
    }

    private static let contaNaoPermitida = Problema(.contaNaoPermitida, detail: "O token não dá acesso a esta conta.")
}

/// What a token allows its holder to do: one word of the claim `scope` (RFC 8693 §4.2). The services define the words that they accept.
package struct Scope: RawRepresentable, Sendable, Hashable {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }
}
