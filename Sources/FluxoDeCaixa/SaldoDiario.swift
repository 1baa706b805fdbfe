/// The balance of one day of an account, or of the sum of several.
package struct SaldoDiario: Sendable, Equatable {
    /// An account or a pattern, as it was asked for.
    package var conta: String
    /// The closing balance of the day before.
    package var saldoInicial: Quantia
    /// What the day's own entries add up to.
    package var movimento: MovimentoDoDia
    /// The account's: it grows with every change to any of its days.
    package var versao: Int64

    /// The balance of the movement's day.
    package init(conta: String, saldoInicial: Quantia, movimento: MovimentoDoDia, versao: Int64) {
        self.conta = conta
        self.saldoInicial = saldoInicial
        self.movimento = movimento
        self.versao = versao
    }

    package var data: Dia { movimento.data }
    package var totalCreditos: Quantia { movimento.totalCreditos }
    package var totalDebitos: Quantia { movimento.totalDebitos }
    package var transferenciasEntrada: Quantia { movimento.transferenciasEntrada }
    package var transferenciasSaida: Quantia { movimento.transferenciasSaida }
    package var quantidadeCreditos: Int64 { movimento.quantidadeCreditos }
    package var quantidadeDebitos: Int64 { movimento.quantidadeDebitos }
    /// `nil` for a day never touched.
    package var atualizadoEm: Instante? { movimento.atualizadoEm }

    /// Credits less debits of the day.
    package var saldoDoDia: Quantia { movimento.saldoDoDia }
    /// The closing balance: what the next day opens with.
    package var saldoFinal: Quantia { saldoInicial + saldoDoDia }
}
