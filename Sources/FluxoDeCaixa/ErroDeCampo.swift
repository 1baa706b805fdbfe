/// One fault in what a caller sent.
package struct ErroDeCampo: Sendable, Hashable {
    /// What is wrong, as a word that programs may rely on.
    package enum Codigo: String, Sendable, CaseIterable {
        /// Missing, though required.
        case obrigatorio
        /// Of another JSON type than accepted.
        case tipoInvalido = "tipo_invalido"
        /// Not written as asked.
        case formato
        /// Well written, but beyond a limit.
        case foraDoIntervalo = "fora_do_intervalo"
        /// Too long, or too many.
        case tamanho
        /// A member or parameter that nobody knows.
        case desconhecido
        /// A parameter given more than once.
        case repetido
        /// A character that cannot be stored.
        case caractereProibido = "caractere_proibido"
        /// None of the values that are accepted.
        case valorNaoAceito = "valor_nao_aceito"
    }

    /// Dotted member path, parameter or header name.
    package let campo: String
    /// For programs.
    package let codigo: Codigo
    /// For people, in Portuguese: what is accepted.
    package let mensagem: String

    /// A fault of this member, parameter or header.
    package init(campo: String, codigo: Codigo, mensagem: String) {
        self.campo = campo
        self.codigo = codigo
        self.mensagem = mensagem
    }
}
