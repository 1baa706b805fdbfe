/// What a token allows its holder to do.
package enum Escopo: String, Sendable, CaseIterable {
    case lancamentosEscrever = "lancamentos:escrever"
    case lancamentosLer = "lancamentos:ler"
    case consolidadoLer = "consolidado:ler"
}
