package import Contrato
package import FluxoDeCaixa

/// Who calls, and what they may see and do.
package struct Identidade: Sendable, Equatable {
    /// The token's `sub`, 1–255 Unicode scalars.
    package let sub: String
    /// The accounts that the token names; empty: none.
    package let contas: [FiltroDeConta]
    package let escopos: Set<Escopo>

    package init(sub: String, contas: [FiltroDeConta], escopos: Set<Escopo>) {
        self.sub = sub
        self.contas = contas
        self.escopos = escopos
    }

    /// Everybody, where no token is asked: may do everything.
    package static let anonimo = Identidade(sub: "anonimo", contas: [.todas], escopos: Set(Escopo.allCases))
    /// The caller of an open route: may do nothing.
    package static let ninguem = Identidade(sub: "", contas: [], escopos: [])

    /// Whether the account is theirs.
    package func permite(conta: Conta) -> Bool {
        self.contas.contains { $0.cobre(conta) }
    }

    /// Whether one entry of the token covers all that the filter could mean: never a silent part of it.
    package func permite(filtro: FiltroDeConta) -> Bool {
        self.contas.contains { $0.cobre(filtro) }
    }

    /// What is meant where the caller names no account: the token's entry, if it has exactly one.
    package var filtroUnico: FiltroDeConta? {
        self.contas.count == 1 ? self.contas.first : nil
    }

    /// - Throws: `conta-nao-permitida` if the account is not theirs.
    package func exigir(conta: Conta) throws(Problema) {
        try self.exigirContas()
        guard self.permite(conta: conta) else { throw Self.contaNaoPermitida }
    }

    /// - Throws: `conta-nao-permitida` if no single entry of the token covers the filter whole.
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

    func exigir(_ escopo: Escopo) throws(Problema) {
        guard self.escopos.contains(escopo) else {
            throw Problema(.escopoInsuficiente, detail: "O token não tem o escopo \(escopo.rawValue).")
        }
    }

    private static let contaNaoPermitida = Problema(.contaNaoPermitida, detail: "O token não dá acesso a esta conta.")
}
