/// Which entries are meant: those that have everything that is given.
package struct FiltroDeLancamentos: Sendable, Equatable {
    package var conta: FiltroDeConta
    /// The first day, that day included.
    package var de: Dia?
    /// The last day, that day included.
    package var ate: Dia?
    package var tipo: Tipo?
    package var natureza: Natureza?
    /// The whole text, by bytes.
    package var categoria: String?
    /// The whole text, by bytes.
    package var referencia: String?
    package var chave: Chave?

    /// Every entry of these accounts.
    package init(conta: FiltroDeConta) {
        self.conta = conta
    }
}
