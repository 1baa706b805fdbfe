/// What there is to say of an account as a whole.
package struct ResumoDeConta: Sendable, Equatable {
    package let conta: Conta
    /// The closing balance of its last day: all its entries.
    package let saldo: Quantia
    /// The first day with an entry.
    package let primeiraData: Dia
    /// The last day with an entry.
    package let ultimaData: Dia
    /// Entries.
    package let quantidade: Int64
    /// Grows with every change to any of its days.
    package let versao: Int64

    package init(conta: Conta, saldo: Quantia, primeiraData: Dia, ultimaData: Dia, quantidade: Int64, versao: Int64) {
        self.conta = conta
        self.saldo = saldo
        self.primeiraData = primeiraData
        self.ultimaData = ultimaData
        self.quantidade = quantidade
        self.versao = versao
    }
}
