package import FluxoDeCaixa

/// Why an entry was refused, with what could be read of it all the same: other refusals come first.
///
/// The order of answers is: key malformed or missing where required (400), account not allowed (403), then these faults (422).
package struct LancamentoRecusado: Error, Hashable, Sendable {
    /// The member `chave`.
    package enum ChaveLida: Hashable, Sendable {
        /// Not there, or `null`.
        case ausente
        case lida(Chave)
        /// A text, but no key.
        case malformada
        /// No text; `erros` says so too.
        case deOutroTipo

        /// The key, if there is one that can be used.
        package var valor: Chave? {
            if case .lida(let chave) = self { chave } else { nil }
        }
    }

    /// The account, if it is well formed.
    package let conta: Conta?
    /// The key, if the reader looks for one inside.
    package let chave: ChaveLida
    /// Empty only if the key alone is at fault.
    package let erros: [ErroDeCampo]

    package init(conta: Conta?, chave: ChaveLida, erros: [ErroDeCampo]) {
        self.conta = conta
        self.chave = chave
        self.erros = erros
    }
}

extension LancamentoRecusado: CustomStringConvertible {
    package var description: String {
        "lançamento recusado: \(ErrosDeCampo(erros))\(chave == .malformada ? ", chave malformada" : "")"
    }
}
