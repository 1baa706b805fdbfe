/// Why a message can never be applied: the headers `motivo` and `erro` of its dead letter.
package struct RecusaDeEvento: Error, Hashable, Sendable {
    /// The header `motivo`.
    package let motivo: Motivo
    /// For people, in Portuguese, without any of what was sent.
    package let erro: String

    package init(motivo: Motivo, erro: String) {
        self.motivo = motivo
        self.erro = erro
    }
}

extension RecusaDeEvento: CustomStringConvertible {
    package var description: String { "\(motivo.rawValue): \(erro)" }
}
