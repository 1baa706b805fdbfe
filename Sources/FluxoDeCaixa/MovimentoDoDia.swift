/// What the entries of one day add up to.
package struct MovimentoDoDia: Sendable, Equatable {
    package var data: Dia
    /// Transfers included.
    package var totalCreditos: Quantia
    /// Transfers included; not negative.
    package var totalDebitos: Quantia
    /// The part of the credits that are transfers.
    package var transferenciasEntrada: Quantia
    /// The part of the debits that are transfers.
    package var transferenciasSaida: Quantia
    /// Entries that are credits.
    package var quantidadeCreditos: Int64
    /// Entries that are debits.
    package var quantidadeDebitos: Int64
    /// `nil` for a day never touched.
    package var atualizadoEm: Instante?

    /// A day without entries, but for what is given.
    package init(
        data: Dia,
        totalCreditos: Quantia = .zero,
        totalDebitos: Quantia = .zero,
        transferenciasEntrada: Quantia = .zero,
        transferenciasSaida: Quantia = .zero,
        quantidadeCreditos: Int64 = 0,
        quantidadeDebitos: Int64 = 0,
        atualizadoEm: Instante? = nil
    ) {
        self.data = data
        self.totalCreditos = totalCreditos
        self.totalDebitos = totalDebitos
        self.transferenciasEntrada = transferenciasEntrada
        self.transferenciasSaida = transferenciasSaida
        self.quantidadeCreditos = quantidadeCreditos
        self.quantidadeDebitos = quantidadeDebitos
        self.atualizadoEm = atualizadoEm
    }

    /// Credits less debits.
    package var saldoDoDia: Quantia { totalCreditos - totalDebitos }
}
