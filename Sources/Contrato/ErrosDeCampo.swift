package import FluxoDeCaixa

/// What was sent can be read but is not allowed: every fault at once, at least one.
package struct ErrosDeCampo: Error, Hashable, Sendable {
    /// In the order in which they are to be shown.
    package let erros: [ErroDeCampo]

    /// At least one is expected.
    package init(_ erros: [ErroDeCampo]) {
        self.erros = erros
    }

    /// A single fault.
    package init(campo: String, codigo: ErroDeCampo.Codigo, mensagem: String) {
        self.init([ErroDeCampo(campo: campo, codigo: codigo, mensagem: mensagem)])
    }
}

extension ErrosDeCampo: CustomStringConvertible {
    /// Codes only: field names may hold what a user wrote.
    package var description: String {
        "\(erros.count) erro(s): \(erros.map(\.codigo.rawValue).joined(separator: ", "))"
    }
}
